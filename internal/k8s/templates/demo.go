package templates

import "slices"

// demoCommand is what the built-in worker runs in the default image.
func demoCommand() []string {
	return []string{"sh", "-c", "echo 'Starting...'; sleep 30; echo 'Done!'"}
}

// IsDemo reports whether a command is the demo, which belongs to the default image alone: in an event's own image it would
// succeed without doing the work. Package pods drops it then.
func IsDemo(command []string) bool { return slices.Equal(command, demoCommand()) }
