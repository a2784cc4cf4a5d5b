package errcode

// traceEntries are about the export of spans.
var traceEntries = []Entry{
	{
		SpansNotSent, "spans not sent; retrying",
		"The OpenTelemetry collector cannot be reached, is overloaded, or Redis does not answer. The status entries are read again, and " +
			"nothing is lost as long as they are on the status stream.",
		"The error in the line says what fails. Check `OTEL_EXPORTER_OTLP_ENDPOINT`, its certificate, and that the network lets the " +
			"gateway through.",
	},
	{
		SpansRefused, "collector refused spans; dropped",
		"The OpenTelemetry collector answered that sending them again will not help: a wrong path, no permission, or a request that it " +
			"does not understand. The line comes once, until spans are accepted again.",
		"The status in the line says why: for 404 correct the path in `OTEL_EXPORTER_OTLP_ENDPOINT`, for 401 and 403 the token in " +
			"`OTEL_EXPORTER_OTLP_HEADERS`, for 415 `OTEL_EXPORTER_OTLP_PROTOCOL`.",
	},
	{
		SpansIncomplete, "collector did not take all spans",
		"The OpenTelemetry collector accepted a request and said that it dropped some of its spans. They are not sent again, as OTLP " +
			"demands. The line comes once, until a request is accepted whole.",
		"The message in the line is the collector's own: its limits or its filters drop them.",
	},
}
