import jakarta.xml.soap.SOAPElement;
import jakarta.xml.soap.SOAPFault;
import jakarta.xml.soap.SOAPHeader;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.handler.Handler;
import jakarta.xml.ws.handler.MessageContext;
import jakarta.xml.ws.handler.soap.SOAPHandler;
import jakarta.xml.ws.handler.soap.SOAPMessageContext;
import jakarta.xml.ws.soap.SOAPFaultException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.URL;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import javax.xml.namespace.QName;
import javax.xml.parsers.DocumentBuilderFactory;
import interop.direct.ArrayOfKisiSorgulaTCKimlikNoSorguKriteri;
import interop.direct.KisiBilgisi;
import interop.direct.KisiBilgisiSonucu;
import interop.direct.KisiSorgulaTCKimlikNoServis;
import interop.direct.KisiSorgulaTCKimlikNoServis_Service;
import interop.direct.KisiSorgulaTCKimlikNoSorguKriteri;
import interop.direct.ObjectFactory;
import interop.open.KPSPublic;
import interop.open.KPSPublicSoap;

/** JAX-WS with classes that wsimport made of the served WSDLs; WSS4J checks every answer. */
final class DirectClient {
    private static final String WSSE =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
    private static final ObjectFactory MAKE = new ObjectFactory();
    private static int verified;

    private DirectClient() {
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("public")) {
            open();
        } else {
            direct(arguments[0].equals("direct-1.2"));
        }
    }

    private static void open() throws Exception {
        URL wsdl = new URL(Situation.asked("BASE") + "/Service/KPSPublic.asmx?WSDL");
        KPSPublicSoap port = new KPSPublic(wsdl).getKPSPublicSoap();
        for (int later = 0; later < 2; later++) {
            boolean same = port.tcKimlikNoDogrula(
                Situation.identityNumber("NUMBER"),
                Situation.asked("GIVEN_NAME"),
                Situation.asked("SURNAME"),
                Situation.number("YEAR") + later);
            Situation.tell(later == 0 ? "right" : "wrong", same);
        }
    }

    private static void direct(boolean newer) throws Exception {
        KisiSorgulaTCKimlikNoServis port = port(newer, Situation.asked("PASSWORD"));
        KisiBilgisi person = ask(port, Situation.identityNumber("NUMBER"));
        Situation.tell("surname", person.getTemelBilgisi().getValue().getSoyad().getValue());
        KisiBilgisi nobody = ask(port, Situation.identityNumber("NOBODY"));
        Situation.tell("nobody", nobody.getHataBilgisi().getValue().getKod().getValue());
        try {
            ask(port(newer, "wrong"), Situation.identityNumber("NUMBER"));
        } catch (SOAPFaultException refused) {
            SOAPFault fault = refused.getFault();
            Iterator<QName> inner = newer ? fault.getFaultSubcodes() : null;
            QName code = newer ? inner.next() : fault.getFaultCodeAsQName();
            Situation.tell("refusal", code.getLocalPart());
        }
        Situation.tell("signature", verified == 3 ? "verified" : verified + " of 3");
    }

    private static KisiSorgulaTCKimlikNoServis port(boolean newer, String password)
            throws Exception {
        String address = "/kps/KisiSorgulaTCKimlikNoServis/2011/01/01?wsdl";
        URL wsdl = new URL(Situation.asked("BASE") + address);
        KisiSorgulaTCKimlikNoServis_Service service = new KisiSorgulaTCKimlikNoServis_Service(wsdl);
        KisiSorgulaTCKimlikNoServis port = newer
            ? service.getCustomBindingKisiSorgulaTCKimlikNoServis()
            : service.getBasicHttpBindingKisiSorgulaTCKimlikNoServis();
        List<Handler> chain = ((BindingProvider) port).getBinding().getHandlerChain();
        chain.add(new Security(password));
        ((BindingProvider) port).getBinding().setHandlerChain(chain);
        return port;
    }

    private static KisiBilgisi ask(KisiSorgulaTCKimlikNoServis port, long number) {
        KisiSorgulaTCKimlikNoSorguKriteri criterion = MAKE.createKisiSorgulaTCKimlikNoSorguKriteri();
        criterion.setTCKimlikNo(MAKE.createKisiSorgulaTCKimlikNoSorguKriteriTCKimlikNo(number));
        ArrayOfKisiSorgulaTCKimlikNoSorguKriteri criteria =
            MAKE.createArrayOfKisiSorgulaTCKimlikNoSorguKriteri();
        criteria.getKisiSorgulaTCKimlikNoSorguKriteri().add(criterion);
        KisiBilgisiSonucu result = port.listeleCoklu(criteria);
        return result.getSorguSonucu().getValue().getKisiBilgisi().get(0);
    }

    /** Puts the UsernameToken in, and lets no answer pass that WSS4J refuses. */
    private static final class Security implements SOAPHandler<SOAPMessageContext> {
        private final String password;

        Security(String password) {
            this.password = password;
        }

        @Override
        public boolean handleMessage(SOAPMessageContext context) {
            try {
                if ((Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) {
                    add(context);
                } else {
                    check(context);
                }
            } catch (Exception wrong) {
                throw new IllegalStateException(wrong);
            }
            return true;
        }

        @Override
        public boolean handleFault(SOAPMessageContext context) {
            return handleMessage(context);
        }

        private void add(SOAPMessageContext context) throws Exception {
            SOAPHeader header = context.getMessage().getSOAPHeader();
            if (header == null) {
                header = context.getMessage().getSOAPPart().getEnvelope().addHeader();
            }
            SOAPElement security = header.addChildElement("Security", "wsse", WSSE);
            SOAPElement token = security.addChildElement("UsernameToken", "wsse");
            String name = Situation.asked("USERNAME");
            token.addChildElement("Username", "wsse").addTextNode(name);
            token.addChildElement("Password", "wsse").addTextNode(password);
        }

        private void check(SOAPMessageContext context) throws Exception {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            context.getMessage().writeTo(bytes);
            DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
            factory.setNamespaceAware(true);
            String parts = SignedAnswers.withWss4j(
                factory.newDocumentBuilder().parse(new ByteArrayInputStream(bytes.toByteArray())),
                SignedAnswers.certificate(Situation.asked("CA")));
            if (!parts.contains("Body") || !parts.contains("Timestamp")) {
                throw new IllegalStateException(parts);
            }
            verified++;
        }

        @Override
        public Set<QName> getHeaders() {
            return Set.of(new QName(WSSE, "Security"));
        }

        @Override
        public void close(MessageContext context) {
        }
    }
}
