package image

import (
	"fmt"
	"os"
)

// WriteProgram writes the docker-archive of an image that contains one static program and runs it as non-root.
func WriteProgram(file, ref, program string) error {
	content, err := os.ReadFile(program)
	if err != nil {
		return fmt.Errorf("reading the program of %s: %w", ref, err)
	}
	c := execConfig{Entrypoint: []string{"/program"}, User: fmt.Sprint(nonroot)}
	return writeArchive(file, ref, c, []entry{{name: "program", mode: 0o755, content: content}})
}
