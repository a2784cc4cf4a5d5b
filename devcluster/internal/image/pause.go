package image

// PauseRef is the sandbox image of every Pod. No registry serves this name.
const PauseRef = "localhost/devcluster/pause:1"

// pauseScript is the init process of a Pod's sandbox: it keeps the namespaces, exits on a signal, and the shell's
// `wait` reaps orphans. It is a script because this binary is too big for an image (140 MB), compiling a program
// needs Go on the user's machine, and a compiled one in the repository would have one architecture.
const pauseScript = `trap 'exit 0' TERM INT; while :; do sleep 2147483647 & wait $!; done`

// WritePause writes the docker-archive of the pause image to file.
func WritePause(file string) error {
	busybox, err := readBusybox()
	if err != nil {
		return err
	}
	c := execConfig{Env: []string{"PATH=/bin"}, Entrypoint: []string{"/bin/sh", "-c", pauseScript}}
	return writeArchive(file, PauseRef, c, pauseLayer(busybox))
}

func pauseLayer(busybox []byte) []entry {
	return []entry{
		{name: "bin/", mode: 0o755},
		{name: "bin/busybox", mode: 0o755, content: busybox},
		{name: "bin/sh", mode: 0o777, target: "busybox"},
		{name: "bin/sleep", mode: 0o777, target: "busybox"},
	}
}
