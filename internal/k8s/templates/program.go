package templates

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/ottoscaler/ottoscaler/internal/text"
)

const maxProgram = 200 // bytes of each of command and arguments that a sentence quotes

// defaultImage matches every spelling of Docker Hub's busybox:latest. A digest is somebody's choice of other contents.
var defaultImage = regexp.MustCompile(`^((index\.)?docker\.io/)?(library/)?busybox(:latest)?$`)

// demo reports whether the built-in worker runs our demo: in the default image alone, which has no agent of its own. In any other
// image the demo would succeed without the agent that was asked for.
func (o Options) demo() bool {
	return len(o.Command) == 0 && len(o.Args) == 0 && defaultImage.MatchString(o.Image)
}

// command is that of the built-in worker's container; nil: the image's entrypoint runs.
func (o Options) command() []string {
	if o.demo() {
		return demoCommand()
	}
	return o.Command
}

// Program says in half a sentence what the built-in worker runs, for `check`.
func (o Options) Program() string {
	switch {
	case o.demo():
		return fmt.Sprintf("the demo of %s, 30 seconds of sleep; set OTTO_AGENT_IMAGE to run an agent", o.Image)
	case len(o.Command) == 0 && len(o.Args) == 0:
		return "the entrypoint of " + o.Image
	case len(o.Command) == 0:
		return fmt.Sprintf("the entrypoint of %s with %s", o.Image, quoted(o.Args))
	}
	return fmt.Sprintf("%s in %s", strings.TrimSpace(quoted(o.Command)+" "+quoted(o.Args)), o.Image)
}

// quoted is words as people set them; without words it is empty.
func quoted(words []string) string {
	if len(words) == 0 {
		return ""
	}
	b, err := json.Marshal(words)
	if err != nil { // a list of strings always has a form in JSON
		return ""
	}
	return text.Ellipsis(string(b), maxProgram)
}
