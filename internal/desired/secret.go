package desired

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// foldSecret writes stringData into data, as the API server does with what it
// is given but never reports back, and brings the base64 of data into the one
// form in which the API server answers. No error shows a value.
func foldSecret(body *unstructured.Unstructured) error {
	given, err := secretMap(body, "data")
	if err != nil {
		return err
	}
	data := maps.Clone(given)
	for _, k := range sortedKeys(given) {
		v, err := secretValue(body, "data", k, given[k])
		if err != nil {
			return err
		}
		decoded, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			return fmt.Errorf("%s: data[%q] is not base64", describe(body), k)
		}
		data[k] = base64.StdEncoding.EncodeToString(decoded)
	}
	plain, err := secretMap(body, "stringData")
	if err != nil {
		return err
	}
	delete(body.Object, "stringData")
	if data == nil && len(plain) > 0 {
		data = map[string]any{}
	}
	for _, k := range sortedKeys(plain) {
		v, err := secretValue(body, "stringData", k, plain[k])
		if err != nil {
			return err
		}
		data[k] = base64.StdEncoding.EncodeToString([]byte(v))
	}
	if data != nil {
		body.Object["data"] = data
	}
	return nil
}

func secretMap(body *unstructured.Unstructured, field string) (map[string]any, error) {
	v := body.Object[field]
	if v == nil {
		return nil, nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%s: %s is %s and has to be a map", describe(body), field, typeName(v))
	}
	return m, nil
}

// secretValue: null is an empty value to the API server.
func secretValue(body *unstructured.Unstructured, field, key string, v any) (string, error) {
	if v == nil {
		return "", nil
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s: %s[%q] is %s and has to be a string: quote it", describe(body), field, key, typeName(v))
	}
	return s, nil
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
