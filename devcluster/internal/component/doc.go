// Package component contains the components of Kubernetes that this binary can run.
//
// It is the only package that imports them: they take minutes to compile, so no unit-tested package may
// depend on it.
package component
