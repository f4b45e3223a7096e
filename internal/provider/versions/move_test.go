package versions

import (
	"encoding/json"
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

// FuzzMovedState reads states of any form: what comes out names a version, or
// is an error.
func FuzzMovedState(f *testing.F) {
	f.Add([]byte(`{"arn": "arn:aws:lambda:eu-west-1:123456789012:layer:deps:1", "code_sha256": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "compatible_runtimes": ["python3.12"], "source_code_size": 321, "skip_destroy": false, "version": "1"}`))
	f.Add([]byte(`{"id": "arn:aws:lambda:eu-west-1:123456789012:layer:deps:1", "source_code_size": -1e300, "compatible_runtimes": [null, {}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		defer indextest.Budget(t, len(body))()
		source := movedState{}
		if json.Unmarshal(body, &source) != nil {
			return
		}
		arn, v, err := source.version()
		if err == nil && (arn.Number < 1 || v.ARN != arn.String() || v.LayerARN != arn.LayerARN()) {
			t.Errorf("%s is read as %+v", body, v)
		}
	})
}
