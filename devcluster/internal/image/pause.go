package image

// PauseRef is the sandbox image of every Pod. The name cannot be pulled from anywhere, on purpose.
const PauseRef = "localhost/devcluster/pause:1"

// Init of a Pod's sandbox: holds the namespaces, ends on a signal, and the shell's `wait` reaps whatever is
// reparented to it. It is a script because the alternatives are worse: this binary is 140 MB, compiling a
// pause needs Go on the user's machine, and a ready-made one would be a blob for one architecture.
const pauseScript = `trap 'exit 0' TERM INT; while :; do sleep 2147483647 & wait $!; done`

// WritePause writes the docker-archive of the pause image to file.
func WritePause(file string) error {
	busybox, err := readBusybox()
	if err != nil {
		return err
	}
	p := process{Env: []string{"PATH=/bin"}, Entrypoint: []string{"/bin/sh", "-c", pauseScript}}
	return writeArchive(file, PauseRef, p, pauseLayer(busybox))
}

func pauseLayer(busybox []byte) []entry {
	return []entry{
		{name: "bin/", mode: 0o755},
		{name: "bin/busybox", mode: 0o755, content: busybox},
		{name: "bin/sh", mode: 0o777, target: "busybox"},
		{name: "bin/sleep", mode: 0o777, target: "busybox"},
	}
}
