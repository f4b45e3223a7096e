//go:build live

package publish

import (
	"testing"
)

// The faults of the proxy, before services that others wrote.

func TestFaultsOnTheWayToMoto(t *testing.T) {
	t.Parallel()
	sufferAt(t, moto(t))
}

func TestFaultsOnTheWayToMiniStack(t *testing.T) {
	t.Parallel()
	sufferAt(t, miniStack(t))
}
