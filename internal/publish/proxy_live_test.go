//go:build live

package publish

import (
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/lambdatest"
)

// The faults of the proxy, before services that others wrote.

func TestFaultsOnTheWayToMoto(t *testing.T) {
	t.Parallel()
	sufferAt(t, serve(t, "moto_server", func(port string) ([]string, []string) {
		return []string{"-H", "127.0.0.1", "-p", port}, nil
	}))
}

func TestFaultsOnTheWayToMiniStack(t *testing.T) {
	t.Parallel()
	sufferAt(t, serve(t, "ministack", func(port string) ([]string, []string) {
		return nil, []string{"BIND_HOST=127.0.0.1", "GATEWAY_PORT=" + port, "MINISTACK_ACCOUNT_ID=" + lambdatest.Account}
	}))
}
