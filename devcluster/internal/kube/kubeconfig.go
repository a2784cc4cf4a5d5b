package kube

import (
	"encoding/base64"
	"fmt"

	"sigs.k8s.io/yaml"
)

// Access holds the address of the API server and the credentials of one user: a client certificate or a token.
type Access struct {
	Server string // https://127.0.0.1:port
	CA     []byte // PEM
	User   string
	Cert   []byte // PEM
	Key    []byte // PEM
	Token  string
}

// Kubeconfig encodes the access for kubectl and client-go, with all certificates and keys inline.
func (a Access) Kubeconfig() ([]byte, error) {
	user := map[string]any{}
	if a.Token != "" {
		user["token"] = a.Token
	} else {
		user["client-certificate-data"] = b64(a.Cert)
		user["client-key-data"] = b64(a.Key)
	}
	cluster := map[string]any{"server": a.Server, "certificate-authority-data": b64(a.CA)}
	return yaml.Marshal(map[string]any{
		"apiVersion":      "v1",
		"kind":            "Config",
		"clusters":        []any{namedEntry("cluster", "devcluster", cluster)},
		"users":           []any{namedEntry("user", a.User, user)},
		"contexts":        []any{namedEntry("context", "devcluster", map[string]any{"cluster": "devcluster", "user": a.User})},
		"current-context": "devcluster",
	})
}

// ParseKubeconfig decodes what Kubeconfig encoded.
func ParseKubeconfig(data []byte) (Access, error) {
	var f struct {
		Clusters []struct {
			Cluster struct {
				Server string `json:"server"`
				CA     []byte `json:"certificate-authority-data"`
			} `json:"cluster"`
		} `json:"clusters"`
		Users []struct {
			Name string `json:"name"`
			User struct {
				Cert  []byte `json:"client-certificate-data"`
				Key   []byte `json:"client-key-data"`
				Token string `json:"token"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := yaml.Unmarshal(data, &f); err != nil {
		return Access{}, fmt.Errorf("reading a kubeconfig: %w", err)
	}
	if len(f.Clusters) != 1 || len(f.Users) != 1 {
		return Access{}, fmt.Errorf("reading a kubeconfig: %d clusters and %d users, want one of each", len(f.Clusters), len(f.Users))
	}
	c, u := f.Clusters[0].Cluster, f.Users[0]
	return Access{Server: c.Server, CA: c.CA, User: u.Name, Cert: u.User.Cert, Key: u.User.Key, Token: u.User.Token}, nil
}

func namedEntry(kind, name string, value any) map[string]any {
	return map[string]any{"name": name, kind: value}
}

func b64(data []byte) string { return base64.StdEncoding.EncodeToString(data) }
