package templates

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestProgram: only the default image, and only if nothing else is asked for, runs the demo. Any other image would report its
// success without having run.
func TestProgram(t *testing.T) {
	demo := []string{"sh", "-c", "echo 'Starting...'; sleep 30; echo 'Done!'"}
	digest := "@sha256:" + strings.Repeat("0a", 32)
	own := func(image string) string { return "the entrypoint of " + image }
	type container struct{ Command, Args []string }
	for name, test := range map[string]struct {
		options Options
		want    container
		says    string
	}{
		"default":             {Options{Image: "busybox:latest"}, container{Command: demo}, "the demo of busybox:latest, 30 seconds of sleep; set OTTO_AGENT_IMAGE to run an agent"},
		"own image":           {Options{Image: "my-agent"}, container{}, own("my-agent")},
		"own image, latest":   {Options{Image: "registry.example/agent:latest"}, container{}, own("registry.example/agent:latest")},
		"another tag":         {Options{Image: "busybox:1.37"}, container{}, own("busybox:1.37")},
		"a digest":            {Options{Image: "busybox:latest" + digest}, container{}, own("busybox:latest" + digest)},
		"a digest, no tag":    {Options{Image: "busybox" + digest}, container{}, own("busybox" + digest)},
		"a mirror":            {Options{Image: "mirror.example/library/busybox:latest"}, container{}, own("mirror.example/library/busybox:latest")},
		"a mirror by port":    {Options{Image: "localhost:5000/busybox"}, container{}, own("localhost:5000/busybox")},
		"another path":        {Options{Image: "docker.io/team/busybox:latest"}, container{}, own("docker.io/team/busybox:latest")},
		"a longer name":       {Options{Image: "mybusybox:latest"}, container{}, own("mybusybox:latest")},
		"another host":        {Options{Image: "dockerxio/library/busybox"}, container{}, own("dockerxio/library/busybox")},
		"command":             {Options{Image: "a", Command: []string{"/x"}}, container{[]string{"/x"}, nil}, `["/x"] in a`},
		"arguments":           {Options{Image: "a", Args: []string{"-v", ""}}, container{nil, []string{"-v", ""}}, `the entrypoint of a with ["-v",""]`},
		"both":                {Options{Image: "a", Command: []string{"/x"}, Args: []string{"y z"}}, container{[]string{"/x"}, []string{"y z"}}, `["/x"] ["y z"] in a`},
		"default, command":    {Options{Image: "busybox", Command: []string{"true"}}, container{[]string{"true"}, nil}, `["true"] in busybox`},
		"default, arguments":  {Options{Image: "busybox", Args: []string{"true"}}, container{nil, []string{"true"}}, `the entrypoint of busybox with ["true"]`},
		"a command of 32 KiB": {Options{Image: "a", Command: []string{strings.Repeat("x", 32<<10)}}, container{[]string{strings.Repeat("x", 32<<10)}, nil}, `["` + strings.Repeat("x", maxProgram-2) + `… in a`},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := Load(test.options)
			if err != nil {
				t.Fatal(err)
			}
			template, _ := set.Copy("")
			c := template.Spec.Containers[0]
			if diff := cmp.Diff(test.want, container{c.Command, c.Args}); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if got := test.options.Program(); got != test.says {
				t.Errorf("got  %s\nwant %s", got, test.says)
			}
		})
	}
}

// TestDefaultImage has every spelling of the default image.
func TestDefaultImage(t *testing.T) {
	for _, registry := range []string{"", "docker.io/", "index.docker.io/"} {
		for _, path := range []string{"busybox", "library/busybox"} {
			for _, tag := range []string{"", ":latest"} {
				if o := (Options{Image: registry + path + tag}); !o.demo() {
					t.Errorf("%s runs no demo", o.Image)
				}
			}
		}
	}
}
