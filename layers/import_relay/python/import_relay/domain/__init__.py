"""The nouns that all stages share: records, messages, connections, errors."""
