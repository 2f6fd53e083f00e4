"""Two users with matrix-nio against a running Copse.

Prints a line of JSON for each check: its name, and the error where it failed. Each check looks at what the user sees
who did not do the thing.

    nio_client.py URL SERVER_NAME STORE_FOLDER
"""

import asyncio
import io
import json
import logging
import sys
import traceback
from typing import Awaitable, Callable

import nio

PASSWORD = "a heron at dusk"
BODIES = [f"message {number}" for number in range(60)]
ENCRYPTED = [f"secret {number}" for number in range(20)]
# As much in one sync as is sent at once.
FILTER = {"room": {"timeline": {"limit": 100}}}
# A picture of one pixel.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


def good(answer, kind):
    """nio gives errors as return values."""
    assert isinstance(answer, kind), f"{answer}"
    return answer


class User:
    def __init__(self, url: str, store: str, name: str, server_name: str) -> None:
        config = nio.AsyncClientConfig(encryption_enabled=True, store_sync_tokens=False)
        self.id = f"@{name}:{server_name}"
        self.client = nio.AsyncClient(url, self.id, store_path=store, config=config)
        self.events: list[tuple[str, nio.Event]] = []
        self.client.add_event_callback(lambda room, event: self.events.append((room.room_id, event)), nio.Event)

    async def sync_until(self, seen: Callable[[], bool], what: str) -> None:
        """Takes in syncs, and does what encryption asks for, until `seen` says yes."""
        for _ in range(40):
            if seen():
                return
            good(await self.client.sync(timeout=500, sync_filter=FILTER), nio.SyncResponse)
            if self.client.should_upload_keys:
                await self.client.keys_upload()
            if self.client.should_query_keys:
                await self.client.keys_query()
            if self.client.should_claim_keys:
                await self.client.keys_claim(self.client.get_users_for_key_claiming())
            await self.client.send_to_device_messages()
        raise AssertionError(f"{self.id} never saw {what}")

    def messages(self, room_id: str) -> list[str]:
        """The bodies of the messages that came with syncs, oldest first."""
        texts = (event for room, event in self.events if room == room_id and isinstance(event, nio.RoomMessageText))
        return [event.body for event in texts if event.sender != self.id]

    async def say(self, room_id: str, body: str) -> str:
        content = {"msgtype": "m.text", "body": body}
        sent = await self.client.room_send(room_id, "m.room.message", content, ignore_unverified_devices=True)
        return good(sent, nio.RoomSendResponse).event_id


class Scenario:
    """The methods run in the order in which they stand here; each leaves a room or a file to the next ones."""

    def __init__(self, url: str, server_name: str, store: str) -> None:
        self.url = url
        self.alice = User(url, store, "alice", server_name)
        self.bob = User(url, store, "bob", server_name)
        self.room_id = ""
        self.sent: list[str] = []
        self.uri = ""

    async def registers(self) -> None:
        for user in (self.alice, self.bob):
            name = user.id[1:].split(":")[0]
            answer = good(await user.client.register(name, PASSWORD, "nio"), nio.RegisterResponse)
            assert answer.user_id == user.id, answer

    async def logs_in(self) -> None:
        for user in (self.alice, self.bob):
            good(await user.client.login(PASSWORD, device_name="nio"), nio.LoginResponse)
            who = good(await user.client.whoami(), nio.WhoamiResponse)
            assert (who.user_id, who.device_id) == (user.id, user.client.device_id), who
            good(await user.client.sync(timeout=0, full_state=True), nio.SyncResponse)
            await user.client.keys_upload()
        wrong = nio.AsyncClient(self.url, self.bob.id)
        refused = good(await wrong.login("a heron at dawn"), nio.LoginError)
        assert refused.status_code == "M_FORBIDDEN", refused
        await wrong.close()

    async def invites_and_joins(self) -> None:
        created = await self.alice.client.room_create(name="Herons")
        self.room_id = good(created, nio.RoomCreateResponse).room_id
        good(await self.alice.client.room_invite(self.room_id, self.bob.id), nio.RoomInviteResponse)
        invited = self.bob.client.invited_rooms
        await self.bob.sync_until(lambda: self.room_id in invited, "the invitation")
        assert invited[self.room_id].name == "Herons", invited[self.room_id].name
        good(await self.bob.client.join(self.room_id), nio.JoinResponse)
        await self.bob.sync_until(lambda: self.room_id in self.bob.client.rooms, "the room")
        await self.alice.sync_until(lambda: self.room_id in self.alice.client.rooms, "the room")
        await self.alice.sync_until(lambda: self.bob.id in self.alice_room().users, "the one who joined")
        assert self.bob_room().name == "Herons"

    async def sends_messages(self) -> None:
        for body in BODIES:
            self.sent.append(await self.alice.say(self.room_id, body))
        await self.bob.sync_until(lambda: self.bob.messages(self.room_id) == BODIES, "the messages")

    async def pages_back(self) -> None:
        page_ids: list[str] = []
        start = self.bob.client.next_batch
        while start:
            page = await self.bob.client.room_messages(self.room_id, start, limit=7)
            page = good(page, nio.RoomMessagesResponse)
            page_ids += [event.event_id for event in page.chunk]
            start = page.end
        assert len(set(page_ids)) == len(page_ids), "an event came twice"
        assert [id for id in reversed(page_ids) if id in set(self.sent)] == self.sent, "a message is missing"

    async def uploads_and_downloads(self) -> None:
        answer, _ = await self.alice.client.upload(
            lambda _429s, _timeouts: io.BytesIO(PICTURE), "image/png", "heron.png", filesize=len(PICTURE)
        )
        self.uri = good(answer, nio.UploadResponse).content_uri
        file = good(await self.bob.client.download(self.uri), nio.MemoryDownloadResponse)
        assert (file.body, file.content_type, file.filename) == (PICTURE, "image/png", "heron.png"), file

    async def sends_receipts(self) -> None:
        last = self.sent[-1]
        threaded = await self.bob.client.update_receipt_marker(self.room_id, last, thread_id="main")
        good(threaded, nio.UpdateReceiptMarkerResponse)
        unthreaded = await self.bob.client.room_read_markers(self.room_id, last, last)
        good(unthreaded, nio.RoomReadMarkersResponse)

        def seen() -> bool:
            unthreaded = self.alice_room().read_receipts.get(self.bob.id)
            threaded = self.alice_room().threaded_read_receipts.get(self.bob.id, {}).get("main")
            return [receipt and receipt.event_id for receipt in (unthreaded, threaded)] == [last, last]

        await self.alice.sync_until(seen, "both receipts")

    async def types(self) -> None:
        for typing in (True, False):
            good(await self.bob.client.room_typing(self.room_id, typing), nio.RoomTypingResponse)
            await self.alice.sync_until(lambda: (self.bob.id in self.alice_room().typing_users) == typing, "typing")

    async def changes_the_profile(self) -> None:
        good(await self.alice.client.set_displayname("Alice of the Reeds"), nio.ProfileSetDisplayNameResponse)
        good(await self.alice.client.set_avatar(self.uri), nio.ProfileSetAvatarResponse)
        profile = good(await self.bob.client.get_profile(self.alice.id), nio.ProfileGetResponse)
        assert (profile.displayname, profile.avatar_url) == ("Alice of the Reeds", self.uri), profile
        name = lambda: self.bob_room().user_name(self.alice.id)
        await self.bob.sync_until(lambda: name() == "Alice of the Reeds", "the new name")

    async def redacts(self) -> None:
        target = self.sent[3]
        good(await self.alice.client.room_redact(self.room_id, target, "a typo"), nio.RoomRedactResponse)
        redactions = lambda: [e.redacts for _, e in self.bob.events if isinstance(e, nio.RedactionEvent)]
        await self.bob.sync_until(lambda: target in redactions(), "the redaction")
        event = good(await self.bob.client.room_get_event(self.room_id, target), nio.RoomGetEventResponse).event
        assert isinstance(event, nio.RedactedEvent) and event.reason == "a typo", event

    async def reads_encrypted_messages(self) -> None:
        state = [nio.EnableEncryptionBuilder().as_dict()]
        created = await self.alice.client.room_create(invite=[self.bob.id], initial_state=state)
        room_id = good(created, nio.RoomCreateResponse).room_id
        await self.bob.sync_until(lambda: room_id in self.bob.client.invited_rooms, "the invitation")
        good(await self.bob.client.join(room_id), nio.JoinResponse)
        for user, other in ((self.alice, self.bob), (self.bob, self.alice)):
            users = lambda: user.client.rooms[room_id].users if room_id in user.client.rooms else {}
            await user.sync_until(lambda: other.id in users(), "the other in the encrypted room")
            assert user.client.rooms[room_id].encrypted
        for speaker, listener in ((self.alice, self.bob), (self.bob, self.alice)):
            for body in ENCRYPTED:
                await speaker.say(room_id, body)
            await listener.sync_until(lambda: listener.messages(room_id) == ENCRYPTED, "the encrypted messages")

    async def knocks(self) -> None:
        room_id = good(await self.alice.client.room_create(name="Owls"), nio.RoomCreateResponse).room_id
        await self.alice.sync_until(lambda: room_id in self.alice.client.rooms, "the new room")
        good(await self.alice.client.room_enable_knocking(room_id), nio.RoomPutStateResponse)
        good(await self.bob.client.room_knock(room_id, "I bring mice."), nio.RoomKnockResponse)

        def knocks() -> list[str]:
            members = [event for room, event in self.alice.events if room == room_id]
            return [e.content.get("reason") for e in members if isinstance(e, nio.RoomMemberEvent) and e.membership == "knock"]

        await self.alice.sync_until(lambda: knocks() == ["I bring mice."], "the knock")
        good(await self.alice.client.room_invite(room_id, self.bob.id), nio.RoomInviteResponse)
        good(await self.bob.client.join(room_id), nio.JoinResponse)

    async def finds_rooms(self) -> None:
        alias = "marsh"
        created = await self.alice.client.room_create(
            visibility=nio.RoomVisibility.public, alias=alias, name="Marsh", preset=nio.RoomPreset.public_chat
        )
        room_id = good(created, nio.RoomCreateResponse).room_id
        full = f"#{alias}:{self.alice.id.split(':')[1]}"
        resolved = good(await self.bob.client.room_resolve_alias(full), nio.RoomResolveAliasResponse)
        assert resolved.room_id == room_id, resolved
        visible = good(await self.bob.client.room_get_visibility(room_id), nio.RoomGetVisibilityResponse)
        assert visible.visibility == "public", visible
        space = good(await self.alice.client.room_create(name="Birds", space=True), nio.RoomCreateResponse).room_id
        via = {"via": [self.alice.id.split(":")[1]]}
        put = await self.alice.client.room_put_state(space, "m.space.child", via, room_id)
        good(put, nio.RoomPutStateResponse)
        tree = good(await self.alice.client.space_get_hierarchy(space), nio.SpaceGetHierarchyResponse)
        assert [room["name"] for room in tree.rooms] == ["Birds", "Marsh"], tree.rooms
        hidden = await self.bob.client.space_get_hierarchy(space)
        good(hidden, nio.SpaceGetHierarchyError)

    async def looks_around_an_event(self) -> None:
        middle = self.sent[30]
        context = good(await self.bob.client.room_context(self.room_id, middle, limit=4), nio.RoomContextResponse)
        around = [event.event_id for event in [*reversed(context.events_before), context.event, *context.events_after]]
        assert around == self.sent[28:33], around

    async def has_push_rules(self) -> None:
        kind, rule = nio.PushRuleKind.content, "herons"
        made = await self.bob.client.set_pushrule("global", kind, rule, actions=[nio.PushNotify()], pattern="heron")
        good(made, nio.SetPushRuleResponse)
        good(await self.bob.client.delete_pushrule("global", kind, rule), nio.DeletePushRuleResponse)
        good(await self.bob.client.delete_pushrule("global", kind, rule), nio.DeletePushRuleError)

    async def ends_another_session(self) -> None:
        other = nio.AsyncClient(self.url, self.bob.id)
        good(await other.login(PASSWORD, device_name="lost"), nio.LoginResponse)
        devices = good(await self.bob.client.devices(), nio.DevicesResponse).devices
        assert [d.id for d in devices if d.display_name == "lost"] == [other.device_id], devices
        asked = good(await self.bob.client.delete_devices([other.device_id]), nio.DeleteDevicesAuthResponse)
        auth = {"type": "m.login.password", "session": asked.session, "user": self.bob.id, "password": PASSWORD}
        good(await self.bob.client.delete_devices([other.device_id], auth), nio.DeleteDevicesResponse)
        good(await other.whoami(), nio.WhoamiError)
        await other.close()

    async def proves_who_it_is(self) -> None:
        token = good(await self.bob.client.get_openid_token(self.bob.id), nio.GetOpenIDTokenResponse)
        assert token.matrix_server_name == self.bob.id.split(":")[1] and token.expires_in > 0, token

    async def leaves(self) -> None:
        good(await self.bob.client.room_leave(self.room_id), nio.RoomLeaveResponse)
        await self.alice.sync_until(lambda: self.bob.id not in self.alice_room().users, "the one who left")

    async def logs_out(self) -> None:
        token = self.bob.client.access_token
        good(await self.bob.client.logout(), nio.LogoutResponse)
        self.bob.client.access_token = token
        refused = good(await self.bob.client.whoami(), nio.WhoamiError)
        assert refused.status_code == "M_UNKNOWN_TOKEN", refused

    def alice_room(self) -> nio.MatrixRoom:
        return self.alice.client.rooms[self.room_id]

    def bob_room(self) -> nio.MatrixRoom:
        return self.bob.client.rooms[self.room_id]

    def checks(self) -> list[Callable[[], Awaitable[None]]]:
        return [
            self.registers,
            self.logs_in,
            self.invites_and_joins,
            self.sends_messages,
            self.pages_back,
            self.uploads_and_downloads,
            self.sends_receipts,
            self.types,
            self.changes_the_profile,
            self.redacts,
            self.reads_encrypted_messages,
            self.knocks,
            self.finds_rooms,
            self.looks_around_an_event,
            self.has_push_rules,
            self.ends_another_session,
            self.proves_who_it_is,
            self.leaves,
            self.logs_out,
        ]


async def main() -> None:
    # It complains about every error that is expected here.
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    scenario = Scenario(*sys.argv[1:4])
    for check in scenario.checks():
        error = None
        try:
            await check()
        except Exception:
            error = traceback.format_exc()
        print(json.dumps({"check": check.__name__.replace("_", " "), "error": error}), flush=True)
    await scenario.alice.client.close()
    await scenario.bob.client.close()


asyncio.run(main())
