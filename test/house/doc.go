// Package house holds the repository against its own rules: the layout that CONTRIBUTING.md draws, the sizes of files and
// functions, and the vocabulary. It has tests only and needs nothing but the checkout.
package house
