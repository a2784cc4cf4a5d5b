package templates

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

const (
	nonRootUser  = 65532 // of most images that do not run as root
	graceSeconds = 30
)

// builtin is the template of events that name none: the agent, as restricted as Pod Security can ask for.
func builtin(o Options) (corev1.PodTemplateSpec, error) {
	requests, err := resources("requests", o.Requests)
	if err != nil {
		return corev1.PodTemplateSpec{}, err
	}
	limits, err := resources("limits", o.Limits)
	if err != nil {
		return corev1.PodTemplateSpec{}, err
	}
	container := agentContainer(o)
	container.Resources = corev1.ResourceRequirements{Requests: requests, Limits: limits}
	t := corev1.PodTemplateSpec{Spec: agentSpec(container)}
	complete(&t, o.Deadline)
	return t, nil
}

func agentSpec(container corev1.Container) corev1.PodSpec {
	return corev1.PodSpec{
		Containers:                    []corev1.Container{container},
		AutomountServiceAccountToken:  new(false),
		EnableServiceLinks:            new(false),
		TerminationGracePeriodSeconds: new(int64(graceSeconds)),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   new(true),
			RunAsUser:      new(int64(nonRootUser)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
}

func agentContainer(o Options) corev1.Container {
	return corev1.Container{
		Name:    agent,
		Image:   o.Image,
		Command: o.command(),
		Args:    o.Args,
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}
}

func resources(what string, m map[string]string) (corev1.ResourceList, error) {
	list := make(corev1.ResourceList, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		q, err := resource.ParseQuantity(m[name])
		if err != nil {
			return nil, fmt.Errorf("the agent's %s: %s=%s is no quantity such as 100m or 64Mi", what, name, m[name])
		}
		list[corev1.ResourceName(name)] = q
	}
	return list, nil
}
