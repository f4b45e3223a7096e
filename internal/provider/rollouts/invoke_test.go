package rollouts

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/rollout"
)

// TestInvokeTellsThatItWaits: a slow function is reported every ten seconds.
func TestInvokeTellsThatItWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var told []string
		answer, err := invokeAndTell("slow", func(text string) { told = append(told, text) }, func() (rollout.Answer, error) {
			time.Sleep(25 * time.Second) // synctest's
			return rollout.Answer{Fault: "x"}, nil
		})
		want := []string{`Invoking "slow".`, `"slow" has not answered yet, after 10 s.`, `"slow" has not answered yet, after 20 s.`}
		if err != nil || answer.Fault != "x" || !slices.Equal(told, want) {
			t.Errorf("got %+v, %v, told %q", answer, err, told)
		}
	})
}
