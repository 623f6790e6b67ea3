"""How the service asks a model: one call in, one completion or one error out. The only file that imports LiteLLM.

The gateway is synchronous outside and has one event loop in a thread of its own inside. `complete` waits, `submit`
returns a future whose `cancel()` stops the call, `stream` yields the text while it is written.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import queue
import threading
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
from concurrent.futures import CancelledError, Future
from contextvars import ContextVar
from types import ModuleType
from typing import Any, TypeVar

from service.clock import Clock, system_clock
from service.database import Database
from service.errors import ModelFailed
from service.models.asking import Asking
from service.models.bundled import BundledWriter
from service.models.calls import (
    Backend,
    BackendFailure,
    BackendRequest,
    Completion,
    Message,
    ModelCall,
    Reply,
    is_local,
    model_list,
)
from service.models.failures import failure_of
from service.models.local_reply import chunk, write
from service.models.switches import Switches
from service.models.unstarted import RememberingThreads, close_unstarted
from service.settings import Settings

__all__ = ["Completion", "Gateway", "LiteLLMBackend", "Message", "ModelCall", "model_list"]

T = TypeVar("T")
PREPARING_THREADS = 8
MODEL_CHARACTERS_PER_TOKEN = 12
"""A reply longer than this for each allowed token is cut: a server that ignores its cap cannot fill the memory."""

_litellm: ModuleType | None = None
_litellm_lock = threading.Lock()
_writing: ContextVar[tuple[BundledWriter, BackendRequest]] = ContextVar("writing")


class Gateway:
    """Asks models within a deadline, a token cap and a budget, with fallbacks, and records what each call used."""

    def __init__(
        self, settings: Settings, database: Database, clock: Clock = system_clock, backend: Backend | None = None
    ) -> None:
        self._backend = backend or LiteLLMBackend(settings)
        self._asking = Asking(settings, database, clock, self._backend)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def complete(self, call: ModelCall) -> Completion:
        """The answer to `call`. Raises ModelFailed or one of its kinds, at the latest a second after the deadline."""
        return _result(self.submit(call))

    def submit(self, call: ModelCall) -> Future[Completion]:
        """Start `call`; `cancel()` on the future stops it and frees its connection."""
        return self._run(self._asking.answer(call))

    def stream(self, call: ModelCall) -> CompletionStream:
        """Start `call` and yield its text as it is written; close the stream to cancel."""
        return CompletionStream(self, call)

    @property
    def switches(self) -> Switches:
        """Which features may ask."""
        return self._asking.switches

    def warm(self) -> None:
        """Import LiteLLM now, in the background, so that the first call need not wait for it."""
        if isinstance(self._backend, LiteLLMBackend):
            threading.Thread(target=load_litellm, name="warm-litellm", daemon=True).start()

    def close(self) -> None:
        """Cancel what is under way, close connections, free the bundled model."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        if thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._shut_down(), loop).result(timeout=30)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
        loop.close()
        self._asking.close()

    async def _shut_down(self) -> None:
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._backend.close()
        late = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_asyncgens()
        await asyncio.get_running_loop().shutdown_default_executor()

    def _run(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        with self._lock:
            if self._closed:
                work.close()
                raise ModelFailed("the model gateway is closed")
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._loop.set_default_executor(RememberingThreads(PREPARING_THREADS))
                self._thread = threading.Thread(target=self._loop.run_forever, name="model-gateway", daemon=True)
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)


class CompletionStream(Iterator[str]):
    """The text of one call while it is written; afterwards `result` is the Completion.

    When a model fails half-way and another takes over, `restarts` goes up before the first piece of the new text:
    whoever reads then forgets what came before. Iterating raises what `complete` would raise.
    """

    def __init__(self, gateway: Gateway, call: ModelCall) -> None:
        self.restarts = 0
        self.result: Completion | None = None
        self._pieces: queue.SimpleQueue[tuple[int, str] | None] = queue.SimpleQueue()
        self._future = gateway._run(gateway._asking.answer(call, lambda start, text: self._pieces.put((start, text))))
        self._future.add_done_callback(lambda _future: self._pieces.put(None))

    def __next__(self) -> str:
        piece = None if self.result is not None else self._pieces.get()
        if piece is None:
            self._pieces.put(None)
            self.result = _result(self._future)
            raise StopIteration
        self.restarts = piece[0]
        return piece[1]

    def close(self) -> None:
        """Stop the call if it is still under way."""
        self._future.cancel()

    def __enter__(self) -> CompletionStream:
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()


class LiteLLMBackend:
    """Any model that LiteLLM knows, and the bundled ones as its custom provider `local/…`."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.models_dir
        self._longest_s = settings.model_deadline_s
        self._writers: dict[str, BundledWriter] = {}

    async def ask(self, request: BackendRequest) -> Reply:
        """One whole reply."""
        litellm = await asyncio.to_thread(_ready_for, request.model)
        try:
            answer = await litellm.acompletion(**self._arguments(litellm, request))
            choice = answer.choices[0]
            usage = getattr(answer, "usage", None)
            return Reply(
                text=choice.message.content or "",
                finish=choice.finish_reason or "stop",
                refusal=getattr(choice.message, "refusal", None),
                input_tokens=getattr(usage, "prompt_tokens", None) or None,
                output_tokens=getattr(usage, "completion_tokens", None) or None,
            )
        except Exception as failure:
            raise failure_of(failure) from None
        finally:
            close_unstarted()

    async def stream(self, request: BackendRequest) -> AsyncGenerator[str | Reply, None]:
        """Pieces as they arrive, then the whole."""
        litellm = await asyncio.to_thread(_ready_for, request.model)
        pieces: list[str] = []
        finish, usage, length = "", None, 0
        chunks: Any = None
        try:
            chunks = await litellm.acompletion(
                **self._arguments(litellm, request), stream=True, stream_options={"include_usage": True}
            )
            async for chunk in chunks:
                usage = getattr(chunk, "usage", None) or usage
                for choice in chunk.choices:
                    finish = choice.finish_reason or finish
                    if piece := choice.delta.content:
                        pieces.append(piece)
                        length += len(piece)
                        yield piece
                if length > request.max_output_tokens * MODEL_CHARACTERS_PER_TOKEN:
                    finish = "length"
                    break
        except Exception as failure:
            raise failure_of(failure) from None
        finally:
            close_unstarted()
            if chunks is not None:
                await _close_stream(chunks)
        yield Reply(
            text="".join(pieces),
            finish=finish or "cut_off",
            input_tokens=getattr(usage, "prompt_tokens", None) or None,
            output_tokens=getattr(usage, "completion_tokens", None) or None,
        )

    async def close(self) -> None:
        """Close LiteLLM's clients and the bundled models."""
        for writer in self._writers.values():
            await asyncio.to_thread(writer.close)
        if _litellm is not None:
            await _close_clients(_litellm.in_memory_llm_clients_cache)

    def _arguments(self, litellm: Any, request: BackendRequest) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "temperature": request.temperature,
            "max_tokens": request.max_output_tokens,
            "timeout": self._longest_s,  # the same for all: LiteLLM keeps a client and its connections for each value
            "num_retries": 0,
            "max_retries": 0,
        }
        if request.schema is not None and request.native_schema:
            schema = {"name": "reply", "schema": dict(request.schema), "strict": True}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        if is_local(request.model):
            writer = self._writers.setdefault(request.model, BundledWriter(self._folder, request.model))
            _writing.set((writer, request))
        return arguments


def load_litellm() -> ModuleType:
    """LiteLLM, imported at the first use and told to stay off the network until it is asked something."""
    global _litellm
    with _litellm_lock:
        if _litellm is None:
            os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
            import litellm

            litellm.disable_aiohttp_transport = True
            litellm.drop_params = True
            litellm.suppress_debug_info = True
            litellm.turn_off_message_logging = True
            litellm.disable_streaming_logging = True
            litellm.disable_token_counter = True
            litellm.DEFAULT_MAX_RETRIES = 0  # type: ignore[attr-defined]  # an embedding call takes 0 for "not said"
            litellm.custom_provider_map = [{"provider": "local", "custom_handler": _local_provider(litellm)}]
            _litellm = litellm
    return _litellm


def _ready_for(model: str) -> ModuleType:
    """LiteLLM with what it would import in the midst of its first call, which takes 2 s and would hold up the loop."""
    litellm = load_litellm()
    if not is_local(model):
        importlib.import_module("openai.resources")
        importlib.import_module("httpcore")
        with _litellm_lock, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Item '.*' on TypedDict class", UserWarning)
            litellm.types.utils.Delta.model_rebuild()  # what a stream would build at its first piece
    return litellm


def _local_provider(litellm: Any) -> Any:
    from litellm.llms.custom_llm import CustomLLM

    class LocalProvider(CustomLLM):
        """Hands what LiteLLM was asked to the bundled writer of the backend that asked."""

        async def acompletion(self, *_args: Any, model_response: Any, **_kwargs: Any) -> Any:  # type: ignore[override]
            reply = await write(*_writing.get())
            choice = model_response.choices[0]
            choice.message.content, choice.finish_reason = reply.text, reply.finish
            model_response.usage = litellm.Usage(
                prompt_tokens=reply.input_tokens, completion_tokens=reply.output_tokens
            )
            return model_response

        async def astreaming(self, *_args: Any, **_kwargs: Any) -> AsyncIterator[dict[str, Any]]:  # type: ignore[override]
            pieces: asyncio.Queue[str | Reply | Exception] = asyncio.Queue()
            writing = asyncio.create_task(write(*_writing.get(), pieces))
            try:
                while True:
                    piece = await pieces.get()
                    if isinstance(piece, Exception):
                        raise piece
                    if isinstance(piece, Reply):
                        yield chunk("", piece)
                        return
                    yield chunk(piece, None)
            finally:
                writing.cancel()

    return LocalProvider()


async def _close_clients(cache: Any) -> None:
    """Close and forget the clients of this event loop; LiteLLM's own way would close those of other loops as well."""
    mine = f"-{id(asyncio.get_running_loop())}"
    for key in [key for key in cache.cache_dict if key.endswith(mine)]:
        client = cache.cache_dict.pop(key)
        cache.ttl_dict.pop(key, None)
        close = getattr(client, "close", None) or getattr(client, "aclose", None)
        if close is not None and asyncio.iscoroutinefunction(close):
            await close()


async def _close_stream(chunks: Any) -> None:
    closing = getattr(chunks, "aclose", None)
    if closing is not None:
        await closing()


def _result(future: Future[Completion]) -> Completion:
    try:
        return future.result()
    except (CancelledError, asyncio.CancelledError):
        raise ModelFailed("the call was cancelled") from None
    except BackendFailure as failure:
        raise ModelFailed(f"the model failed: {failure.kind}") from failure
