package publish

import (
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

func policyProbes() []probe {
	share := func(s *service, sid string, revision *string) (*lambda.AddLayerVersionPermissionOutput, error) {
		return s.lambda.AddLayerVersionPermission(s, &lambda.AddLayerVersionPermissionInput{
			LayerName: &s.name, VersionNumber: aws.Int64(1), StatementId: &sid, RevisionId: revision,
			Action: aws.String("lambda:GetLayerVersion"), Principal: aws.String("210987654321"),
		})
	}
	unshare := func(s *service, sid string) error {
		_, err := s.lambda.RemoveLayerVersionPermission(s, &lambda.RemoveLayerVersionPermissionInput{
			LayerName: &s.name, VersionNumber: aws.Int64(1), StatementId: &sid,
		})
		return err
	}
	policy := func(s *service) (*lambda.GetLayerVersionPolicyOutput, error) {
		return s.lambda.GetLayerVersionPolicy(s, &lambda.GetLayerVersionPolicyInput{LayerName: &s.name, VersionNumber: aws.Int64(1)})
	}
	return []probe{
		{"a permission shows in the policy", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			if _, err := share(s, "team", nil); err != nil {
				return err
			}
			out, err := policy(s)
			if err != nil {
				return err
			}
			text := aws.ToString(out.Policy)
			return errors.Join(
				same("the statement in it", strings.Contains(text, `"team"`), true),
				same("the account in it", strings.Contains(text, "210987654321"), true),
				same("a revision", aws.ToString(out.RevisionId) != "", true),
			)
		}},
		{"a version without permissions has no policy", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			_, err := policy(s)
			return refusal(err, 404, "ResourceNotFoundException")
		}},
		{"a statement id is taken once", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			if _, err := share(s, "team", nil); err != nil {
				return err
			}
			_, err := share(s, "team", nil)
			return refusal(err, 409, "ResourceConflictException")
		}},
		{"a stale revision is refused", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			old, err := share(s, "team", nil)
			if err != nil {
				return err
			}
			if _, err := share(s, "other", nil); err != nil {
				return err
			}
			_, err = share(s, "third", old.RevisionId)
			return refusal(err, 412, "PreconditionFailedException")
		}},
		{"a stale revision is refused at a removal", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			old, err := share(s, "team", nil)
			if err != nil {
				return err
			}
			if _, err := share(s, "other", nil); err != nil {
				return err
			}
			_, err = s.lambda.RemoveLayerVersionPermission(s, &lambda.RemoveLayerVersionPermissionInput{
				LayerName: &s.name, VersionNumber: aws.Int64(1), StatementId: aws.String("team"), RevisionId: old.RevisionId,
			})
			return refusal(err, 412, "PreconditionFailedException")
		}},
		{"a permission can be removed once", func(s *service) error {
			if err := s.several(1); err != nil {
				return err
			}
			if _, err := share(s, "team", nil); err != nil {
				return err
			}
			if err := unshare(s, "team"); err != nil {
				return err
			}
			return refusal(unshare(s, "team"), 404, "ResourceNotFoundException")
		}},
		refusedPermission("another action is refused", func(in *lambda.AddLayerVersionPermissionInput) { in.Action = aws.String("lambda:*") }),
		refusedPermission("a principal that is not an account is refused", func(in *lambda.AddLayerVersionPermissionInput) { in.Principal = aws.String("acme") }),
		refusedPermission("a statement id with a dot is refused", func(in *lambda.AddLayerVersionPermissionInput) { in.StatementId = aws.String("a.b") }),
		refusedPermission("an organization with an account is refused", func(in *lambda.AddLayerVersionPermissionInput) {
			in.OrganizationId = aws.String("o-a1b2c3d4e5")
		}),
		refusedPermission("a malformed organization is refused", func(in *lambda.AddLayerVersionPermissionInput) {
			in.Principal, in.OrganizationId = aws.String("*"), aws.String("acme")
		}),
		{"a grant lets another account attach the layer", func(s *service) error { return s.grants() }},
		{"a publisher shares with accounts and revokes", func(s *service) error {
			return s.shareRoundTrip(Sharing{AccountIDs: []string{"210987654321", "111122223333"}}, Sharing{AccountIDs: []string{"111122223333"}}, Sharing{Public: true}, Sharing{})
		}},
		{"a publisher shares with an organization", func(s *service) error {
			return s.shareRoundTrip(Sharing{OrganizationIDs: []string{"o-a1b2c3d4e5"}}, Sharing{})
		}},
	}
}

// refusedPermission probes that a permission is refused as an invalid value.
func refusedPermission(name string, change func(*lambda.AddLayerVersionPermissionInput)) probe {
	return probe{name, func(s *service) error {
		if err := s.several(1); err != nil {
			return err
		}
		in := &lambda.AddLayerVersionPermissionInput{
			LayerName: &s.name, VersionNumber: aws.Int64(1), StatementId: aws.String("team"),
			Action: aws.String("lambda:GetLayerVersion"), Principal: aws.String("210987654321"),
		}
		change(in)
		_, err := s.lambda.AddLayerVersionPermission(s, in)
		return refusal(err, 400, "InvalidParameterValueException", "ValidationException")
	}}
}

// grants attaches the layer from another account: before it is shared, while it
// is and afterwards.
func (s *service) grants() error {
	v, err := s.publish()
	if err != nil {
		return err
	}
	p, err := s.publisher()
	if err != nil {
		return err
	}
	const other = "210987654321"
	there := *s
	there.lambda = lambda.New(s.lambda.Options(), func(o *lambda.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(other, "secret", "")
	})
	refused := refusal(there.function(*v.LayerVersionArn), 403, "AccessDeniedException")
	if err := p.Share(s, *v.LayerVersionArn, Sharing{AccountIDs: []string{other}}); err != nil {
		return err
	}
	there.name = s.name + "-granted"
	granted := there.function(*v.LayerVersionArn)
	if err := p.Share(s, *v.LayerVersionArn, Sharing{}); err != nil {
		return err
	}
	there.name = s.name + "-revoked"
	revoked := refusal(there.function(*v.LayerVersionArn), 403, "AccessDeniedException")
	return errors.Join(refused, granted, revoked)
}

// shareRoundTrip shares a version with one after the other, by a Publisher that
// has not made it.
func (s *service) shareRoundTrip(steps ...Sharing) error {
	v, err := s.publish()
	if err != nil {
		return err
	}
	p, err := s.publisher()
	if err != nil {
		return err
	}
	for _, want := range steps {
		if err := p.Share(s, *v.LayerVersionArn, want); err != nil {
			return err
		}
		if got, err := p.SharedWith(s, *v.LayerVersionArn); err != nil || !got.Equal(want) {
			return fmt.Errorf("it is shared with %+v, %w; want %+v", got, err, want)
		}
	}
	return nil
}
