package api

import _ "embed"

// OpenAPI is openapi.yaml. The gateway serves it.
//
//go:embed openapi.yaml
var OpenAPI []byte
