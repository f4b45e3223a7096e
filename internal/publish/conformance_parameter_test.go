package publish

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// parameters returns the client of Systems Manager.
func (s *service) parameters() *ssm.Client {
	return ssm.NewFromConfig(aws.Config{
		Region: home, BaseEndpoint: &s.url, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
	})
}

func (s *service) put(name, value string, change func(*ssm.PutParameterInput)) error {
	input := &ssm.PutParameterInput{Name: &name, Value: &value, Type: types.ParameterTypeString, Overwrite: new(false)}
	if change != nil {
		change(input)
	}
	_, err := s.parameters().PutParameter(s, input)
	return err
}

// parameterProbes are what the parameter of a layer's current version rests on.
func parameterProbes() []probe {
	overwrite := func(in *ssm.PutParameterInput) { in.Overwrite = new(true) }
	return []probe{
		{"a parameter is not overwritten unasked", func(s *service) error {
			if err := s.put("/"+s.name, "one", nil); err != nil {
				return err
			}
			err := s.put("/"+s.name, "two", nil)
			if _, ok := errors.AsType[*types.ParameterAlreadyExists](err); !ok {
				return fmt.Errorf("the second write ended in %w, want ParameterAlreadyExists", err)
			}
			if err := s.put("/"+s.name, "three", overwrite); err != nil {
				return err
			}
			out, err := s.parameters().GetParameter(s, &ssm.GetParameterInput{Name: new("/" + s.name)})
			if err != nil {
				return err
			}
			if got := aws.ToString(out.Parameter.Value); got != "three" || out.Parameter.Type != types.ParameterTypeString {
				return fmt.Errorf("it holds %q of type %s, want %q", got, out.Parameter.Type, "three")
			}
			return nil
		}},
		{"a parameter that is not there is said to be so", func(s *service) error {
			_, err := s.parameters().GetParameter(s, &ssm.GetParameterInput{Name: new("/" + s.name)})
			if _, ok := errors.AsType[*types.ParameterNotFound](err); !ok {
				return fmt.Errorf("reading ended in %w, want ParameterNotFound", err)
			}
			_, err = s.parameters().DeleteParameter(s, &ssm.DeleteParameterInput{Name: new("/" + s.name)})
			if _, ok := errors.AsType[*types.ParameterNotFound](err); !ok {
				return fmt.Errorf("deleting ended in %w, want ParameterNotFound", err)
			}
			return nil
		}},
		{"a deleted parameter is gone", func(s *service) error {
			if err := s.put(s.name, "one", nil); err != nil {
				return err
			}
			if _, err := s.parameters().DeleteParameter(s, &ssm.DeleteParameterInput{Name: &s.name}); err != nil {
				return err
			}
			return s.put(s.name, "two", nil)
		}},
		{"names that AWS keeps are refused", func(s *service) error {
			for _, name := range []string{"/aws/" + s.name, "ssm-" + s.name, "a/" + s.name} {
				if err := s.put(name, "one", nil); err == nil {
					return fmt.Errorf("the name %q was taken", name)
				}
			}
			return nil
		}},
		{"an empty description is taken", func(s *service) error {
			if err := s.put(s.name, "one", func(in *ssm.PutParameterInput) { in.Description = new("first") }); err != nil {
				return err
			}
			return s.put(s.name, "two", func(in *ssm.PutParameterInput) { in.Description, in.Overwrite = new(""), new(true) })
		}},
	}
}
