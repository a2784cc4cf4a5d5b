package main

import (
	"fmt"
	"os"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// user is the conventional ID of a non-root user; no distribution assigns it.
const user = "65532:65532"

// run writes the archive and returns the digest of the image, which is the same in a registry.
func run(o options) (v1.Hash, error) {
	tag, err := name.NewTag(o.tag)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("--tag: %w", err)
	}
	binary, err := os.ReadFile(o.binary)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("--binary: %w", err)
	}
	if err := checkStatic(binary, o.arch); err != nil {
		return v1.Hash{}, fmt.Errorf("%s: %w", o.binary, err)
	}
	image, err := buildImage(binary, o)
	if err != nil {
		return v1.Hash{}, err
	}
	if err := tarball.WriteToFile(o.out, tag, image); err != nil {
		return v1.Hash{}, fmt.Errorf("writing %s: %w", o.out, err)
	}
	return image.Digest()
}

// buildImage puts files that rarely change into the lowest layer, so that versions share it in a registry.
func buildImage(binary []byte, o options) (v1.Image, error) {
	image := empty.Image
	for _, files := range [][]file{
		{{name: "etc/ssl/certs/ca-certificates.crt", mode: 0o644, content: caCertificates()}},
		{{name: "ottoscaler", mode: 0o755, content: binary}},
	} {
		layer, err := packLayer(files)
		if err != nil {
			return nil, err
		}
		if image, err = mutate.AppendLayers(image, layer); err != nil {
			return nil, err
		}
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", o.arch
	config.Created = v1.Time{Time: time.Unix(0, 0).UTC()}
	config.Config = imageConfig(o.version)
	return mutate.ConfigFile(image, config)
}

func imageConfig(version string) v1.Config {
	return v1.Config{
		User:         user,
		Entrypoint:   []string{"/ottoscaler"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Healthcheck:  &v1.HealthConfig{Test: []string{"CMD", "/ottoscaler", "healthcheck"}},
		Labels: map[string]string{
			"org.opencontainers.image.title":       "ottoscaler",
			"org.opencontainers.image.description": "Turns the entries of a Redis Stream into one-shot worker Pods in Kubernetes",
			"org.opencontainers.image.licenses":    "Apache-2.0",
			"org.opencontainers.image.source":      "https://github.com/ottoscaler/ottoscaler",
			"org.opencontainers.image.version":     version,
		},
	}
}
