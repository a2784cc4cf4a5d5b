package image

import (
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// BusyboxRef is the name of the busybox image. `:latest` implies the pull policy Always: Pods must set IfNotPresent
// or Never.
const BusyboxRef = "docker.io/library/busybox:latest"

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// WriteBusybox writes the docker-archive of busybox:latest to file.
func WriteBusybox(file string) error {
	content, err := readBusybox()
	if err != nil {
		return err
	}
	names, err := applets()
	if err != nil {
		return err
	}
	c := execConfig{Env: []string{"PATH=" + defaultPath}, Cmd: []string{"sh"}}
	return writeArchive(file, BusyboxRef, c, busyboxLayer(content, names))
}

// FindBusybox returns the path of a static busybox: a dynamic one would lack its libraries in the image.
func FindBusybox() (string, error) {
	file, err := exec.LookPath("busybox")
	if err != nil {
		return "", err
	}
	f, err := elf.Open(file)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", file, err)
	}
	defer f.Close()
	for _, prog := range f.Progs {
		if prog.Type == elf.PT_INTERP {
			return "", fmt.Errorf("%s is dynamically linked", file)
		}
	}
	return file, nil
}

func readBusybox() ([]byte, error) {
	file, err := FindBusybox()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

func applets() ([]string, error) {
	file, err := FindBusybox()
	if err != nil {
		return nil, err
	}
	out, err := exec.Command(file, "--list").Output()
	if err != nil {
		return nil, fmt.Errorf("listing the applets of %s: %w", file, err)
	}
	names := strings.Fields(string(out))
	if len(names) == 0 {
		return nil, fmt.Errorf("%s lists no applets", file)
	}
	return names, nil
}

// busyboxLayer is world-readable and has a writable /tmp and home, for Pods that run as non-root.
func busyboxLayer(busybox []byte, applets []string) []entry {
	entries := []entry{
		{name: "bin/", mode: 0o755},
		{name: "bin/busybox", mode: 0o755, content: busybox},
		{name: "dev/", mode: 0o755},
		{name: "etc/", mode: 0o755},
		{name: "etc/group", mode: 0o644, content: []byte(groups)},
		{name: "etc/passwd", mode: 0o644, content: []byte(users)},
		{name: "home/", mode: 0o755},
		{name: "home/nonroot/", mode: 0o700, uid: nonroot, gid: nonroot},
		{name: "proc/", mode: 0o555},
		{name: "root/", mode: 0o700},
		{name: "sbin", mode: 0o777, target: "bin"},
		{name: "sys/", mode: 0o555},
		{name: "tmp/", mode: 0o1777},
		{name: "usr/", mode: 0o755},
		{name: "usr/bin", mode: 0o777, target: "../bin"},
		{name: "usr/sbin", mode: 0o777, target: "../bin"},
		{name: "var/", mode: 0o755},
		{name: "var/tmp/", mode: 0o1777},
	}
	for _, name := range applets {
		if name != "busybox" {
			entries = append(entries, entry{name: "bin/" + name, mode: 0o777, target: "busybox"})
		}
	}
	return entries
}

const nonroot = 65532

const users = `root:x:0:0:root:/root:/bin/sh
nonroot:x:65532:65532:nonroot:/home/nonroot:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false
`

const groups = `root:x:0:
nonroot:x:65532:
nobody:x:65534:
`
