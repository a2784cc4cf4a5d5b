package pods

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// eachField calls a function with each field of a protobuf message that has bytes: strings and messages. Numbers are skipped.
func eachField(message []byte, each func(n protowire.Number, value []byte) error) error {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return fmt.Errorf("reading protobuf: %w", protowire.ParseError(size))
		}
		message = message[size:]
		size = protowire.ConsumeFieldValue(n, kind, message)
		if size < 0 {
			return fmt.Errorf("reading protobuf: %w", protowire.ParseError(size))
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(message)
			if err := each(n, value); err != nil {
				return err
			}
		}
		message = message[size:]
	}
	return nil
}
