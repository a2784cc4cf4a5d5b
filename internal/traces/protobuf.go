package traces

import "google.golang.org/protobuf/encoding/protowire"

// The protobuf of OTLP, by the numbers of its fields. OpenTelemetry's own package for the request would link gRPC.

// message is the encoding of one message.
type message []byte

func (m *message) bytes(field protowire.Number, value []byte) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, value)
}

// text leaves an empty one out.
func (m *message) text(field protowire.Number, value string) {
	if value != "" {
		*m = protowire.AppendTag(*m, field, protowire.BytesType)
		*m = protowire.AppendString(*m, value)
	}
}

func (m *message) varint(field protowire.Number, value uint64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, value)
}

func (m *message) fixed64(field protowire.Number, value uint64) {
	*m = protowire.AppendTag(*m, field, protowire.Fixed64Type)
	*m = protowire.AppendFixed64(*m, value)
}

func (m *message) attributes(field protowire.Number, all attributes) {
	for _, a := range all {
		var value, pair message
		if a.isText {
			value.text(1, a.text)
		} else {
			value.varint(3, uint64(a.number)) //nolint:gosec // protobuf's int64 is its two's complement
		}
		pair.text(1, a.name)
		pair.bytes(2, value)
		m.bytes(field, pair)
	}
}

// encodeProtobuf is the body of a request.
func encodeProtobuf(r *resource, spans []span) ([]byte, error) {
	var scope, scoped, own, all, request message
	scope.text(1, scopeName)
	scope.text(2, r.version)
	scoped.bytes(1, scope)
	for i := range spans {
		scoped.bytes(2, toProtobuf(&spans[i]))
	}
	scoped.text(3, schemaURL)
	own.attributes(1, r.attributes)
	all.bytes(1, own)
	all.bytes(2, scoped)
	all.text(3, schemaURL)
	request.bytes(1, all)
	return request, nil
}

func toProtobuf(s *span) message {
	var m, status message
	m.bytes(1, s.trace[:])
	m.bytes(2, s.id[:])
	m.text(3, s.state)
	if !s.isRoot() {
		m.bytes(4, s.parent[:])
	}
	m.text(5, s.name)
	m.varint(6, uint64(s.kind)) //nolint:gosec // one of the constants
	m.fixed64(7, nanos(s.start))
	m.fixed64(8, nanos(s.end))
	m.attributes(9, s.attributes)
	if s.failed {
		status.text(2, s.message)
		status.varint(3, statusError)
		m.bytes(15, status)
	}
	m = protowire.AppendTag(m, 16, protowire.Fixed32Type)
	return protowire.AppendFixed32(m, s.otlpFlags())
}

// decodeProtobufReply returns how many spans the collector did not take, and why.
func decodeProtobufReply(body []byte) (rejected int64, why string) {
	eachField(body, func(field protowire.Number, _ uint64, partial []byte) {
		if field != 1 {
			return
		}
		eachField(partial, func(field protowire.Number, number uint64, text []byte) {
			switch field {
			case 1:
				rejected = max(0, int64(number)) //nolint:gosec // protobuf's int64 is its two's complement
			case 2:
				why = string(text)
			}
		})
	})
	return rejected, why
}

// eachField passes the numbers and texts of a message, up to its end or to what is no field.
func eachField(m []byte, visit func(field protowire.Number, number uint64, text []byte)) {
	for len(m) > 0 {
		field, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			return
		}
		m = m[n:]
		var number uint64
		var text []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(m)
		case protowire.BytesType:
			text, n = protowire.ConsumeBytes(m)
		default:
			n = protowire.ConsumeFieldValue(field, kind, m)
		}
		if n < 0 {
			return
		}
		visit(field, number, text)
		m = m[n:]
	}
}
