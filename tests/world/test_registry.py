"""The worlds of a server, by key."""

import re

import pytest
from msgspec.structs import replace

from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.limits import Limits
from mockbatch.world import registry as registry_module
from mockbatch.world.keys import key_digest, mask_key
from mockbatch.world.registry import WorldRegistry
from mockbatch.world.settings import ServerSettings, WorldSettings
from mockbatch.world.world import World

KEY, OTHER_KEY = "sk-key-of-a-test-0001", "sk-key-of-a-test-0002"
THIRD_KEY = "sk-key-of-a-test-0003"
SETTINGS = WorldSettings(clock="manual", start_time=1000)


@pytest.fixture
def registry() -> WorldRegistry:
    """Return the registry of a server with at most two worlds."""
    return WorldRegistry(ServerSettings(world=replace(SETTINGS, limits=Limits(worlds=2))))


class TestOpen:
    """`open`."""

    def test_a_changing_request_keeps_the_new_world(self, registry: WorldRegistry) -> None:
        """The next request with that key gets the same one."""
        world = registry.open(KEY, is_read_only=False)
        assert registry.contains(world)
        assert registry.open(KEY, is_read_only=True) is world

    def test_a_read_only_request_does_not_keep_the_new_world(self, registry: WorldRegistry) -> None:
        """It reads an empty world, and the registry stays empty."""
        world = registry.open(KEY, is_read_only=True)
        assert not registry.contains(world)
        assert registry.find(KEY) is None

    def test_no_world_makes_room_for_another(self, registry: WorldRegistry) -> None:
        """One key too many is refused, and can only read an empty world."""
        worlds = [registry.open(key, is_read_only=False) for key in (KEY, OTHER_KEY)]
        with pytest.raises(ApiError, match="--limit worlds=N") as refused:
            registry.open(THIRD_KEY, is_read_only=False)
        assert (refused.value.status, refused.value.code) == (429, "too_many_worlds")
        assert refused.value.headers == {"x-should-retry": "false"}
        with pytest.raises(ApiError, match="--limit worlds=N"):
            registry.create(THIRD_KEY, SETTINGS)
        assert registry.open(THIRD_KEY, is_read_only=True)
        assert list(registry.all().values()) == worlds

    def test_two_first_requests_of_a_key_take_the_room_of_one(
        self, registry: WorldRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second finds the world that the first has added while it made its own."""
        registry.open(OTHER_KEY, is_read_only=False)
        first: list[World] = []

        class Overtaken(World):
            def _begin(self, settings: WorldSettings) -> None:
                super()._begin(settings)
                monkeypatch.undo()
                first.append(registry.open(KEY, is_read_only=False))

        monkeypatch.setattr(registry_module, "World", Overtaken)
        assert registry.open(KEY, is_read_only=False) is first[0]

    def test_a_removed_world_makes_room(self, registry: WorldRegistry) -> None:
        """That is up to its owner."""
        for key in (KEY, OTHER_KEY):
            registry.open(key, is_read_only=False)
        registry.remove(KEY)
        assert registry.open(THIRD_KEY, is_read_only=False)
        with pytest.raises(ApiError):
            registry.open(KEY, is_read_only=False)


class TestCreate:
    """`create`."""

    def test_a_new_world_is_built_once_with_its_own_settings(
        self, registry: WorldRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The settings of the server are not used for it."""
        built: list[WorldSettings] = []

        class Counted(World):
            def _begin(self, settings: WorldSettings) -> None:
                built.append(settings)
                super()._begin(settings)

        monkeypatch.setattr(registry_module, "World", Counted)
        settings = replace(SETTINGS, start_time=2000)
        world = registry.create(KEY, settings)
        assert built == [settings]
        assert world.now() == 2000
        assert registry.find(KEY) is world

    def test_an_existing_world_is_reset(self, registry: WorldRegistry) -> None:
        """It stays the same object, empty and with the new settings."""
        world = registry.open(KEY, is_read_only=False)
        world.upload(Content.of(b"x"), "x", "user_data", None)
        assert registry.create(KEY, replace(SETTINGS, start_time=2000)) is world
        assert world.files(None, 10, None, newest_first=True).items == []
        assert world.now() == 2000

    def test_a_world_that_another_request_makes_meanwhile_is_reset(
        self, registry: WorldRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It gets the settings that were asked for, whoever was first."""

        class Overtaken(World):
            def _begin(self, settings: WorldSettings) -> None:
                super()._begin(settings)
                monkeypatch.undo()
                registry.open(KEY, is_read_only=False)

        monkeypatch.setattr(registry_module, "World", Overtaken)
        assert registry.create(KEY, replace(SETTINGS, start_time=2000)).now() == 2000


class TestDefaultKey:
    """`default_key`, for callers without a key."""

    def test_it_is_the_key_of_the_only_world(self, registry: WorldRegistry) -> None:
        """Without any world it is the owner's."""
        assert registry.default_key() == registry.settings.owner_key
        world = registry.open(KEY, is_read_only=False)
        assert registry.open(registry.default_key(), is_read_only=True) is world

    def test_several_worlds_are_ambiguous(self, registry: WorldRegistry) -> None:
        """The error counts them."""
        for key in (KEY, OTHER_KEY):
            registry.open(key, is_read_only=False)
        with pytest.raises(ApiError, match="This server has 2 worlds") as error:
            registry.default_key()
        assert error.value.status == 400


def test_a_single_world_is_shared_by_all_keys() -> None:
    """Whatever the key, and without one."""
    registry = WorldRegistry(ServerSettings(world=SETTINGS, is_single_world=True))
    world = registry.open(KEY, is_read_only=False)
    assert registry.open(OTHER_KEY, is_read_only=False) is world
    assert registry.find("sk-third") is world
    assert registry.open(registry.default_key(), is_read_only=True) is world


class TestOwner:
    """Worlds that are made for something, such as a test."""

    OWNED = replace(SETTINGS, owner="test_a")

    def test_key_is_refused_after_its_owner(self, registry: WorldRegistry) -> None:
        """No new world begins behind the key: the message names the owner."""
        registry.remove(registry.create(KEY, self.OWNED).name)
        with pytest.raises(ApiError, match="it belonged to test_a, which is over") as raised:
            registry.open(KEY, is_read_only=False)
        assert raised.value.status == 401
        assert raised.value.headers == {"x-should-retry": "false"}
        assert registry.find(KEY) is None

    def test_create_opens_the_key_again(self, registry: WorldRegistry) -> None:
        """The next test begins behind the same key."""
        registry.remove(registry.create(KEY, self.OWNED).name)
        world = registry.create(KEY, replace(SETTINGS, owner="test_b"))
        assert registry.open(KEY, is_read_only=False) is world

    def test_key_of_a_world_without_an_owner_opens_a_new_one(self, registry: WorldRegistry) -> None:
        """A client that removes a world over HTTP begins again with any request."""
        first = registry.create(KEY, SETTINGS)
        registry.remove(first.name)
        assert registry.open(KEY, is_read_only=False) is not first

    def test_a_server_with_one_world_rejects_no_key(self) -> None:
        """The others share that world."""
        registry = WorldRegistry(ServerSettings(world=SETTINGS, is_single_world=True))
        registry.remove(registry.create(KEY, self.OWNED).name)
        assert registry.open(OTHER_KEY, is_read_only=False)

    def test_only_so_many_keys_are_remembered(
        self, registry: WorldRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The longest gone is forgotten first."""
        monkeypatch.setattr(registry_module, "_MAX_ENDED", 1)
        for key in (KEY, OTHER_KEY):
            registry.remove(registry.create(key, self.OWNED).name)
        registry.open(KEY, is_read_only=True)
        with pytest.raises(ApiError, match="test_a"):
            registry.open(OTHER_KEY, is_read_only=True)


class TestClose:
    """A world that is no longer kept sends nothing any more."""

    @pytest.fixture
    def closed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Return the names of the worlds that are closed, in order."""
        names: list[str] = []
        monkeypatch.setattr(World, "close", lambda world: names.append(world.name))
        return names

    def test_a_removed_world_is_closed(self, registry: WorldRegistry, closed: list[str]) -> None:
        """A name that no world has closes nothing."""
        registry.open(KEY, is_read_only=False)
        registry.remove(OTHER_KEY)
        assert closed == []
        registry.remove(KEY)
        assert closed == [KEY]

    def test_a_closed_registry_closes_every_world(
        self, registry: WorldRegistry, closed: list[str]
    ) -> None:
        """As when a server stops."""
        for key in (KEY, OTHER_KEY):
            registry.open(key, is_read_only=False)
        registry.close()
        assert closed == [KEY, OTHER_KEY]


@pytest.mark.parametrize(
    ("key", "masked"),
    [
        ("a", "a"),
        ("sk-abcdefgh", "sk*********"),
        ("sk-abcdefghi", "sk**********"),
        ("sk-abcdefghij", "sk-abcde*ghij"),
    ],
)
def test_masked_key_does_not_show_the_key(key: str, masked: str) -> None:
    """A key of twelve characters is short too: its first eight and last four are all of it."""
    assert mask_key(key) == masked


@pytest.mark.parametrize(
    ("key", "shown"), [("sk-typo", "sk-typo"), ("sk-a-longer-key", "sk-a-lon***-key")]
)
def test_a_wrong_key_is_shown_whole_only_if_it_is_short(key: str, shown: str) -> None:
    """As OpenAI's own message shows it."""
    worlds = WorldRegistry(ServerSettings(world=SETTINGS, api_keys=frozenset({KEY})))
    with pytest.raises(ApiError, match=rf": {re.escape(shown)}\. ") as refused:
        worlds.check_key(key)
    assert refused.value.headers == {"WWW-Authenticate": 'Bearer realm="OpenAI API"'}


def test_a_key_that_is_no_text_has_a_digest() -> None:
    """An argument of a command line may have bytes that are no character."""
    assert len(key_digest("sk-\udcff")) == 12


def test_a_single_world_that_is_created_again_is_open_to_all() -> None:
    """Also to callers without a key, although its earlier owner has ended."""
    settings = ServerSettings(world=SETTINGS, is_single_world=True)
    worlds = WorldRegistry(settings)
    worlds.create(KEY, replace(SETTINGS, owner="the first test"))
    worlds.remove(registry_module.SHARED_WORLD)
    world = worlds.create(KEY, replace(SETTINGS, owner="the second test"))
    for key in (OTHER_KEY, worlds.default_key()):
        assert worlds.open(key, is_read_only=False) is world
