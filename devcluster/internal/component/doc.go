// Package component holds the parts of Kubernetes that this binary can be.
//
// It is the only package that imports them: they take minutes to compile, and nothing that is unit-tested
// may depend on it.
package component
