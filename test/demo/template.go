package main

import (
	"fmt"
	"os"
	"path/filepath"
)

const (
	templatesDir      = "templates"
	templatesVariable = "OTTO_WORKER_TEMPLATES"
	templateName      = "graceful"
)

// template is an operator's template. Its agent handles SIGTERM: a shell as PID 1 ignores it without a trap and would be killed
// after its grace period. The annotation is only for a simulated node.
const template = `metadata:
  annotations: {devcluster.io/duration: 5m}
spec:
  terminationGracePeriodSeconds: 10
  automountServiceAccountToken: false
  securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: agent
    image: busybox:latest
    command: [sh, -c, "trap 'exit 143' TERM; echo Starting...; sleep 300 & wait"]
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
`

// writeTemplate writes the folder of templates.
func (s *stack) writeTemplate() error {
	dir := filepath.Join(s.dir, templatesDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("creating the folder of templates: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, templateName+".yaml"), []byte(template), 0o600); err != nil {
		return fmt.Errorf("writing a template: %w", err)
	}
	return nil
}

// templatesEnv sets the folder of templates.
func (s *stack) templatesEnv() []string {
	return []string{templatesVariable + "=" + filepath.Join(s.dir, templatesDir)}
}
