package image

import (
	"fmt"
	"os"
)

// WriteProgram writes the docker-archive of an image that holds nothing but one static program, which it
// runs without root.
func WriteProgram(file, ref, program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return fmt.Errorf("reading the program of %s: %w", ref, err)
	}
	p := process{Entrypoint: []string{"/program"}, User: fmt.Sprint(nonroot)}
	return writeArchive(file, ref, p, []entry{{name: "program", mode: 0o755, content: content}})
}
