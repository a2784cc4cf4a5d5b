// Command image packs the product's binary and CA certificates into a container image, without a container engine.
// The image is reproducible: the same binary gives the same digest on every machine.
package main

import (
	"flag"
	"fmt"
	"os"
)

type options struct {
	binary, tag, version, arch, out string
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "", "static binary to pack")
	flag.StringVar(&o.tag, "tag", "", "name of the image, such as registry.example/team/ottoscaler:1.2.0")
	flag.StringVar(&o.version, "version", "", "value of the version label")
	flag.StringVar(&o.arch, "arch", "", "GOARCH the binary was compiled for")
	flag.StringVar(&o.out, "out", "", "docker-archive to write")
	flag.Parse()
	digest, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Printf("%s  %s\n%s\n", o.out, o.tag, digest)
}
