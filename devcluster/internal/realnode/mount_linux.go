package realnode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

type mount struct {
	point, kind, options string
}

func readMounts() ([]mount, error) {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return parseMounts(string(raw)), nil
}

// parseMounts parses proc_pid_mountinfo(5): only the number of fields before " - " varies.
func parseMounts(text string) []mount {
	var list []mount
	for line := range strings.Lines(text) {
		left, right, found := strings.Cut(strings.TrimSpace(line), " - ")
		l, r := strings.Fields(left), strings.Fields(right)
		if !found || len(l) < 5 || len(r) < 3 {
			continue
		}
		list = append(list, mount{point: unescape.Replace(l[4]), kind: r[0], options: r[2]})
	}
	return list
}

var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// mountsBelow returns the mount points at and below the folders, the last mounted first.
func mountsBelow(list []mount, dirs ...string) []string {
	var points []string
	for _, m := range list {
		for _, dir := range dirs {
			if m.point == dir || strings.HasPrefix(m.point, dir+string(filepath.Separator)) {
				points = append(points, m.point)
			}
		}
	}
	slices.Reverse(points)
	return points
}

// mountKubeletRoot bind-mounts the kubelet's root from the disk, for its volumes, to a short path, for its sockets.
// Private and then shared: mounts of the kubelet propagate to containers, but not to the source folder.
func mountKubeletRoot(l layout) error {
	err := unix.Mount(l.KubeletDisk(), l.KubeletRoot(), "", unix.MS_BIND, "")
	for _, propagation := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
		if err == nil {
			err = unix.Mount("", l.KubeletRoot(), "", propagation, "")
		}
	}
	if err != nil {
		return fmt.Errorf("mounting the kubelet's root: %w", err)
	}
	return nil
}

// unmountBelow unmounts lazily: it must not block on a process that still uses a mount.
func unmountBelow(dirs ...string) error {
	list, err := readMounts()
	if err != nil {
		return err
	}
	var errs []error
	for _, point := range mountsBelow(list, dirs...) {
		if err := unix.Unmount(point, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && !errors.Is(err, unix.EINVAL) {
			errs = append(errs, fmt.Errorf("unmounting %s: %w", point, err))
		}
	}
	return errors.Join(errs...)
}

// removeFolders fails while anything is mounted below: it could be a volume with user data.
func removeFolders(dirs ...string) error {
	list, err := readMounts()
	if err != nil {
		return err
	}
	if mounted := mountsBelow(list, dirs...); len(mounted) > 0 {
		return fmt.Errorf("still mounted: %s", strings.Join(mounted, ", "))
	}
	var errs []error
	for _, dir := range dirs {
		errs = append(errs, os.RemoveAll(dir))
	}
	return errors.Join(errs...)
}

// chooseSnapshotter falls back to copies where overlayfs cannot be mounted on this file system, such as in a container.
func chooseSnapshotter(dir string) string {
	probe, err := os.MkdirTemp(dir, "overlay-")
	if err != nil {
		return "overlayfs"
	}
	defer os.RemoveAll(probe)
	for _, sub := range []string{"lower", "upper", "work", "merged"} {
		_ = os.Mkdir(filepath.Join(probe, sub), 0o755)
	}
	options := fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", probe)
	merged := filepath.Join(probe, "merged")
	if err := unix.Mount("overlay", merged, "overlay", 0, options); err != nil {
		return "native"
	}
	_ = unix.Unmount(merged, unix.MNT_DETACH)
	return "overlayfs"
}
