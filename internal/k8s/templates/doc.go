// Package templates loads and checks what Pods of workers are made of: one PodTemplateSpec for each file of the operator's
// folder, and the built-in one.
//
// The operator owns the template: images, commands, volumes, service accounts. The producer of an event only chooses one by
// its name. What package pods sets on every Pod is refused in a template; the rest is checked by the API server.
package templates
