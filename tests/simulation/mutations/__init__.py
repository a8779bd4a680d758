from tests.simulation.mutations import (
    claiming,
    fetching,
    files,
    following,
    holding,
    lanes,
    quotas,
    refusing,
    replaying,
    reporting,
    sending,
    under_the_lease,
    watching,
)
from tests.simulation.mutations.mutant import Mutant

_ALL: tuple[Mutant, ...] = (
    *lanes.MUTANTS,
    *under_the_lease.MUTANTS,
    *claiming.MUTANTS,
    *quotas.MUTANTS,
    *sending.MUTANTS,
    *refusing.MUTANTS,
    *following.MUTANTS,
    *reporting.MUTANTS,
    *watching.MUTANTS,
    *replaying.MUTANTS,
    *fetching.MUTANTS,
    *holding.MUTANTS,
    *files.MUTANTS,
)
MUTANTS = {one.name: one for one in _ALL}
assert len(MUTANTS) == len(_ALL)
