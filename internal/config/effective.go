package config

import "github.com/caarlos0/env/v11"

// Value is one variable in effect.
type Value struct {
	Name  string `json:"name"`
	Value string `json:"value"` // of a secret: whether it is set
	From  string `json:"from"`  // environment or default; empty: it is unset
}

// Effective lists every variable in the order of the reference.
func Effective(environ map[string]string) []Value {
	fields, err := env.GetFieldParams(&Config{})
	if err != nil {
		return nil
	}
	byName, values := rules(), withDefaults(environ, fields)
	all := make([]Value, 0, len(fields))
	for _, f := range fields {
		v := Value{Name: f.Key, Value: values[f.Key]}
		switch given := environ[f.Key]; {
		case given != "":
			v.Value, v.From = given, "environment"
		case f.DefaultValue != "":
			v.From = "default"
		}
		if byName[f.Key].secret {
			v.Value = Secret(v.Value).String()
		}
		all = append(all, v)
	}
	return all
}
