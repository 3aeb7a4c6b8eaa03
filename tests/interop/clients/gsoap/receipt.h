/* The receipt that every answer of the direct door carries in a header.  No WSDL declares it, so
   that clients without it work; gSOAP proves only headers that it knows. */

//gsoap al schema namespace:	urn:kps-soap:alindi:1
//gsoap al schema elementForm:	qualified
//gsoap al schema attributeForm:	unqualified

struct _al__Alindi
{
   @char *wsu__Id;
    char *AlindiNo;
    char *Zaman;
    char *IstekOzeti;
    char *YanitOzeti;
    char *AnlasmaOzeti;
    char *GizlenenOzeti;
    char *ImzaSahibi;
};

mutable struct SOAP_ENV__Header
{
    struct _al__Alindi *al__Alindi;
};
