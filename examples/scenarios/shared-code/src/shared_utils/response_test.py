from .response import success


def test_success():
    assert success({"id": 1})["statusCode"] == 200
