package layer
import ("testing";"fmt";"os";"time")
func TestTrialSdist(t *testing.T){ d,_:=os.MkdirTemp("/tmp/p4","b"); b:=NewBuilder(Options{CacheDir:"/tmp/p4/cache",Getenv:func(string)string{return ""}})
 for _,r:=range [][]string{{"crcmod"},{"avro-python3"},{"pyspark"},{"apache-beam[gcp]"}} {
 s:=Spec{Runtimes:[]string{"python3.12"},Architectures:[]string{"x86_64"},Python:&PythonSpec{Requirements:r,Sdist:"pure"}}
 t0:=time.Now(); l,err:=b.Resolve(t.Context(),s,nil); fmt.Println(r,time.Since(t0)); if err!=nil{fmt.Println("  ERR",err);continue}
 e,_:=l.Encode(); fmt.Println(e)
 a,err:=b.Build(t.Context(),l,Output{Path:d+"/x"+r[0]+".zip",Size:SeverityError}); fmt.Println(a,err,time.Since(t0)) }
}
