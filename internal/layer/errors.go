package layer

import (
	"strings"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/fault"
)

// sentence is the text of an error as a sentence.
func sentence(err error) string { return fault.Sentence(err.Error()) }

// forEach is what to write where one layer cannot serve two architectures.
const forEach = fault.PerArchitecture

// forEachBlock is the block of forEach alone.
var forEachBlock = forEach[strings.Index(forEach, "\n\n  resource"):]
