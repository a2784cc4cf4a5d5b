// Command image packs the product's binary into a container image, without a container engine: the binary, CA
// certificates and nothing else. The same binary gives the same digest, on whatever machine.
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
	flag.StringVar(&o.binary, "binary", "", "the static binary to pack")
	flag.StringVar(&o.tag, "tag", "", "the image's name, such as registry.example/team/ottoscaler:1.2.0")
	flag.StringVar(&o.version, "version", "", "what its label says of the version")
	flag.StringVar(&o.arch, "arch", "", "what the binary was compiled for, as GOARCH")
	flag.StringVar(&o.out, "out", "", "the docker-archive to write")
	flag.Parse()
	digest, err := run(o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
	fmt.Printf("%s  %s\n%s\n", o.out, o.tag, digest)
}
