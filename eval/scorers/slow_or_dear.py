"""What a case costs: milliseconds of own work, milliseconds of the model, tokens and money."""

from __future__ import annotations

from eval.metric import Case, Marks, Metric, Output


def own_ms(key: str = "ms") -> Metric:
    """Mean own work of a case, by the service's own clock; never guarded, machines differ."""

    def marks(_case: Case, output: Output) -> Marks | None:
        return [[float(output[key]), 1.0]] if output.get(key) is not None else None

    return Metric("own work", "people wait", marks, better="lower", unit="ms", by_slice=False)


def of_models() -> tuple[Metric, ...]:
    """Latency, tokens and cost of the model calls of a case, as they were when recorded."""

    def of(name: str, key: str, unit: str) -> Metric:
        def marks(_case: Case, output: Output) -> Marks | None:
            calls = output.get("_calls")
            return [[float(calls[key]), 1.0]] if calls else None

        return Metric(name, "drafts take long or cost much", marks, better="lower", unit=unit, by_slice=False)  # type: ignore[arg-type]

    return (
        of("model latency", "model_ms", "ms"), of("input tokens", "input_tokens", "number"),
        of("output tokens", "output_tokens", "number"), of("cost", "cost_usd", "usd"),
    )  # fmt: skip
