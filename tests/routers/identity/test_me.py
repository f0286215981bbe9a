"""What the caller chooses about themselves."""

from fastapi.testclient import TestClient

from tests.routers.identity.conftest import Pair, SignIn, told

ME = "/api/v1/me"


def locale(client: TestClient, pair: Pair) -> str:
    return str(client.get(ME, headers=pair.headers).json()["locale"])


def test_the_language_of_messages_is_chosen_and_outlives_signing_in(client: TestClient, sign_in: SignIn) -> None:
    client.headers["accept-language"] = "zh-CN"
    pair = sign_in()
    assert locale(client, pair) == "zh-CN"
    answer = client.patch(ME, json={"locale": "en"}, headers=pair.headers)
    assert (answer.status_code, answer.json()["locale"]) == (200, "en")
    assert locale(client, sign_in()) == "en"


def test_a_language_that_is_not_offered_is_refused_and_changes_nothing(client: TestClient, sign_in: SignIn) -> None:
    pair = sign_in()
    before = locale(client, pair)
    answer = client.patch(ME, json={"locale": "fr"}, headers=pair.headers)
    assert told(answer) == (422, "locale_not_offered")
    assert "zh-CN, en" in answer.json()["detail"]
    assert locale(client, pair) == before
