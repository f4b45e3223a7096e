package toolbox

import (
	"sync"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// claims are the layers that resources of one configuration publish, as far as
// this run has planned them.
type claims struct {
	mu sync.Mutex
	// of is by region and layer.
	of map[[2]string][]Claim
}

// Claim is one resource's. Terraform tells no resource its address, and plans one
// that is replaced twice: a resource is known by its configuration.
type Claim struct {
	Config tftypes.Value
	// whole is set where its retention is about all versions of the layer.
	Whole bool
}

// Add notes a claim and returns those of other resources on the same layer.
func (c *claims) Add(region, layer string, mine Claim) (others []Claim) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key, known := [2]string{region, layer}, false
	for _, other := range c.of[key] {
		if other.Config.Equal(mine.Config) {
			known = true
		} else {
			others = append(others, other)
		}
	}
	if !known {
		if c.of == nil {
			c.of = map[[2]string][]Claim{}
		}
		c.of[key] = append(c.of[key], mine)
	}
	return others
}
