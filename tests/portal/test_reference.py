"""The address in a problem's `type` leads to a page that tells the problem, in the reader's language."""

import pytest

import web.problems
from tests.support.town import Town
from tools.docs import import_all


@pytest.mark.parametrize(
    ("language", "advice"), [("zh-CN", "请重新提供凭证；原样重试仍会被拒绝。"), ("en", "Prove anew who you are")]
)
def test_the_type_of_a_problem_leads_to_its_code_with_what_it_means_and_what_to_do(
    town: Town, language: str, advice: str
) -> None:
    headers = {"accept-language": language}
    problem = town.client.get("/api/v1/me", headers=headers).json()
    address, _, anchor = problem["type"].partition("#")
    page = town.client.get(address, headers=headers)
    assert page.status_code == 200
    told = page.text.partition(f'id="{anchor}"')[2].partition("</li>")[0]
    assert problem["code"] in told
    assert str(problem["status"]) in told
    assert problem["detail"] in told
    assert advice in told


def test_the_page_tells_every_problem_that_there_is_and_names_no_fact_of_a_case(town: Town) -> None:
    import_all(web.problems)
    page = town.client.get("/docs/problems").text
    assert [entry.code for entry in web.problems.table() if f'id="{entry.code}"' not in page] == []
    assert "{" not in page.partition("<main")[2].partition("</main>")[0]
