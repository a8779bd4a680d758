"""What every HTTP client of the deployed code has in common."""

import ast

from import_relay.check.account_check import account_client
from import_relay.mateo.client import http_client as mateo_client
from import_relay.submit.fetching import crm_client
from tests.docs.documents import deployed_modules


def test_no_client_follows_a_proxy_variable_or_a_redirect() -> None:
    for client in (mateo_client(), crm_client(), account_client()):
        with client:
            assert not client.trust_env
            assert not client.follow_redirects


def test_every_client_of_the_code_says_so() -> None:
    made = [
        call
        for module in deployed_modules()
        for call in ast.walk(module)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "httpx.Client"
    ]

    assert len(made) == 3
    for call in made:
        given = {one.arg: ast.unparse(one.value) for one in call.keywords}
        assert (given["trust_env"], given["follow_redirects"]) == ("False", "False")
