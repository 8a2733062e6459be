"""Every host of the suite, as it is, with a fresh adapter, and with open gates."""

import pytest

from tests.contracts.asking import CONFIG
from tests.hosts import HOSTS, guided, open_gates


@pytest.fixture(params=HOSTS)
def case(request):
    return HOSTS[request.param]


@pytest.fixture
def host(case):
    return case.build()


@pytest.fixture
def fresh(case, host):
    return guided(case, host, CONFIG)


@pytest.fixture
def model(fresh):
    return open_gates(fresh)
