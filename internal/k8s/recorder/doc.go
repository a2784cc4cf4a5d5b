// Package recorder writes Kubernetes Events about what needs a person.
//
// Equal notices become one Event whose count rises, so that neither memory nor requests grow with what happens. Nothing waits
// for the recorder, and when it may not write, nothing else ends.
package recorder
