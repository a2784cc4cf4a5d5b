//go:build real

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

const template = `metadata:
  annotations: {%s}
  labels: {template: %q}
spec:
  %s
%s`

const container = `  containers:
  - name: agent
    image: busybox:latest
    command: [sh, -c, "exit 0"]
    securityContext:
      allowPrivilegeEscalation: false
      runAsNonRoot: true
      runAsUser: 65532
      capabilities: {drop: [ALL]}
      seccompProfile: {type: RuntimeDefault}
`

// podTemplates are the templates of the scenarios: annotations for devcluster's simulated node, and more of the spec.
var podTemplates = map[string][2]string{
	"quick":   {`devcluster.io/duration: 300ms`},
	"slow":    {`devcluster.io/duration: 8s`},
	"lasts":   {`devcluster.io/duration: 30s`},
	"long":    {`devcluster.io/duration: 10m`},
	"fails":   {`devcluster.io/exit-code: "7"`},
	"oom":     {`devcluster.io/fault: oom`},
	"evicted": {`devcluster.io/fault: evict`},
	"no-pull": {`devcluster.io/fault: image-pull`},
	"nowhere": {``, `nodeSelector: {devcluster.io/node: nowhere}`},
	"on-one":  {`devcluster.io/duration: 50s`, `nodeSelector: {kubernetes.io/hostname: kwok-1}`},
	"refused": {`devcluster.io/duration: 300ms`},
	"hooked":  {`devcluster.io/duration: 300ms`},
	"gated":   {`devcluster.io/duration: 300ms`, "schedulingGates: [{name: example.com/held}]"},
	"brief":   {`devcluster.io/duration: 4s`},
	"lingers": {`devcluster.io/duration: 10m, devcluster.io/stop-delay: 8s`},
}

func templates(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, fate := range podTemplates {
		text := fmt.Sprintf(template, fate[0], name, fate[1], container)
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
