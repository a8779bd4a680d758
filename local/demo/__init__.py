"""`make demo`: the relay's main job on real parts, from signed webhooks to reports that balance."""
