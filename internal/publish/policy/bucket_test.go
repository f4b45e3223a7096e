package policy

import (
	"testing"

	"github.com/layerbuild/terraform-provider-layerbuild/internal/indextest"
)

func FuzzNotGranted(f *testing.F) {
	f.Add([]byte(`{"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": "arn:aws:s3:::kept/*"}]}`))
	f.Add([]byte(`{"Statement": [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "s3:*", "Resource": "*"}]}`))
	f.Add([]byte(`{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["s3:[", "s3:?etObject"], "Resource": ["arn:aws:s3:::[", "arn:aws:s3:::kept/*"]}]}`))
	f.Fuzz(func(t *testing.T, policy []byte) {
		defer indextest.Budget(t, len(policy))()
		for _, action := range NotGranted(policy, "kept", "layers/") {
			if action != "s3:GetObject" && action != "s3:GetObjectVersion" {
				t.Errorf("%q lacks %q, which nobody needs", policy, action)
			}
		}
	})
}
