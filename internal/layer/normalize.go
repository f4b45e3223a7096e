package layer

import "github.com/layerbuild/terraform-provider-layerbuild/internal/python"

// NormalizeRequirements is [python.NormalizeRequirements].
func NormalizeRequirements(texts []string) ([]string, error) {
	return python.NormalizeRequirements(texts)
}
