"""Every setting of the service, read from the environment (or an `.env` file). The README's table is tested against this."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.database import sqlite_url

LOCAL_EMBEDDER = "local/all-MiniLM-L6-v2-int8"
LOCAL_WRITER = "local/SmolLM2-135M-Instruct"


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class Settings(BaseSettings):
    """Settings of one running service. Each field's description is what the README shows."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, description="Port to listen on.")
    data_dir: Path = Field(Path("data"), description="Folder of the SQLite file, the vectors and the model files.")
    database_url: str = Field("", description="PostgreSQL URL; empty: an SQLite file in `DATA_DIR`.")
    chroma_url: str = Field("", description="URL of a Chroma server; empty: embedded, in `DATA_DIR`.")
    public_url: str = Field(
        "", description="Address under which browsers reach the service; empty: `http://HOST:PORT`."
    )
    prompts_dir: Path = Field(Path("prompts"), description="Folder of prompt, policy and taxonomy files.")
    sample_site: str = Field("sample", description="Name of the site that the sample community is loaded into.")

    embed_model: str = Field(
        LOCAL_EMBEDDER,
        description="Embedding model of the index: the bundled one or a LiteLLM id; after a change run `answerloop reindex`.",
    )
    embed_deadline_s: float = Field(
        10.0, gt=0, description="Seconds that an embedding model elsewhere may take for one batch, retries included."
    )
    draft_model: str = Field(LOCAL_WRITER, description="Models that write drafts, first choice first, comma-separated.")
    flag_model: str = Field("", description="Models that read posts against the policy in the deep lane; empty: none.")
    tag_model: str = Field("", description="Models that check tags in the deep lane; empty: none.")
    nli_model: str = Field(
        "",
        description="Models that check each cited sentence of a draft against its passages; empty: the built-in check.",
    )

    model_deadline_s: float = Field(
        60.0, description="Seconds one model task may take, retries and fallbacks included."
    )
    model_concurrency: int = Field(4, description="Model calls under way at once.")
    model_input_tokens: int = Field(16_000, description="Most input tokens of one model call.")
    model_output_tokens: int = Field(2_000, description="Most output tokens of one model call.")
    daily_budget_usd: float = Field(0.0, description="Most that model calls may cost a day; 0: no limit.")
    key_budget_usd: float = Field(0.0, description="Most that one API key's model calls may cost a day; 0: no limit.")
    price_table: str = Field("", description="JSON file of prices per million tokens for models without a known price.")
    drafts_enabled: bool = Field(True, description="`false` switches drafting off.")
    flag_reader_enabled: bool = Field(True, description="`false` switches the LLM reading of flags off.")
    tag_reader_enabled: bool = Field(True, description="`false` switches the LLM check of tags off.")
    shadow_share: float = Field(
        0.2, ge=0, le=1, description="Share of model readings that the candidate of a prompt repeats unseen."
    )
    shadow_margin: float = Field(
        0.02, description="A candidate is better when the lower bound of its measured gain is above this."
    )
    draft_queue: int = Field(100, description="Drafts by the bundled model that may wait at once.")
    pii_strict: bool = Field(
        False, description="`true`: posts with names that could not be masked stay on this machine."
    )

    unread_language: Literal["publish", "review"] = Field(
        "publish", description="Route of posts in a language without a measured reader when no detector fires."
    )
    care_country: str = Field(
        "",
        pattern=r"^([A-Za-z]{2})?$",
        description="Country whose crisis lines are shown where nobody names another (ISO 3166-1 alpha-2); empty: international ones.",
    )
    answer_age_days: int = Field(1460, description="Answers older than this are shown as old.")
    audit_share: float = Field(0.02, ge=0, le=1, description="Share of unflagged posts put in the queue unmarked.")
    second_review_share: float = Field(
        0.05, ge=0, le=1, description="Share of decided items reviewed blind a second time."
    )
    urgent_reminder_minutes: int = Field(15, description="An urgent item nobody claimed is announced again after this.")
    undo_minutes: int = Field(10, description="A decision can be undone this long.")
    lease_seconds: int = Field(120, description="A claim without a heartbeat ends after this.")
    reassess_limit: int = Field(10, ge=0, description="Re-assessments of one post a day; 0: no limit.")

    webhook_url: str = Field("", description="One webhook endpoint, made at start; more by `POST /v1/webhooks`.")
    webhook_secret: SecretStr = Field(SecretStr(""), description="Its Standard Webhooks secret (`whsec_…`).")
    webhook_allow_private: bool = Field(False, description="`true` allows webhook targets on private addresses.")
    requests_per_minute: int = Field(1200, description="Requests an API key may make a minute; 0: no limit.")
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(_upper)] = Field(
        "INFO",
        description="Least severe log line that is written: `DEBUG` (one a request), `INFO`, `WARNING` or `ERROR`.",
    )

    @property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or sqlite_url(self.data_dir / "answerloop.sqlite3")

    @property
    def address(self) -> str:
        """The address people open in a browser."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def models(self) -> list[str]:
        """Every model that the settings name."""
        named = ",".join((self.embed_model, self.draft_model, self.flag_model, self.tag_model, self.nli_model))
        return [model.strip() for model in named.split(",") if model.strip()]

    @property
    def models_dir(self) -> Path:
        """Where the bundled models' files lie."""
        return self.data_dir / "models"
