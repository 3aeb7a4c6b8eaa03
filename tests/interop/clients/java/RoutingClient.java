import interop.routing.ArrayOfBilesikKutukSorgulaKimlikNoSorguKriteri;
import interop.routing.BilesikKutukBilgileri;
import interop.routing.BilesikKutukSorgulaKimlikNoServis;
import interop.routing.BilesikKutukSorgulaKimlikNoServis_Service;
import interop.routing.BilesikKutukSorgulaKimlikNoSorguKriteri;
import interop.routing.ObjectFactory;
import interop.routing.TCVatandasiKisiKutukleri;
import jakarta.xml.ws.BindingProvider;
import jakarta.xml.ws.Dispatch;
import jakarta.xml.ws.Service;
import jakarta.xml.ws.handler.Handler;
import jakarta.xml.ws.soap.AddressingFeature;
import jakarta.xml.ws.soap.SOAPFaultException;
import java.io.StringReader;
import java.net.URL;
import java.util.List;
import java.util.concurrent.Callable;
import javax.xml.namespace.QName;
import javax.xml.transform.Source;
import javax.xml.transform.dom.DOMResult;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.stream.StreamSource;
import org.w3c.dom.Document;

/**
 * JAX-WS through the routing door: generated classes, WS-Addressing by the stack, and handlers for
 * the token exchange and for the endorsing signature (wire B.2, number 5).  The names of the hosts
 * are those that such software has compiled in; a hosts file of the JDK leads them here.
 */
final class RoutingClient {
    private static final String KPS = "http://kps.nvi.gov.tr";
    private static final String COMBINED = KPS + "/2023/02/01";
    private static final String ACTION = COMBINED + "/BilesikKutukSorgulaKimlikNoServis/Sorgula";
    private static final ObjectFactory MAKE = new ObjectFactory();

    private RoutingClient() {
    }

    public static void main(String[] arguments) throws Exception {
        IssuedToken token = TokenService.ask(Situation.asked("PASSWORD"));
        BilesikKutukSorgulaKimlikNoServis port = port(new EndorsingHandler(token, false));
        TCVatandasiKisiKutukleri citizen = ask(port, Situation.identityNumber("NUMBER"))
            .getTCVatandasiKisiKutukleri().getValue();
        Situation.tell("surname", citizen.getKisiBilgisi().getValue()
            .getTemelBilgisi().getValue().getSoyad().getValue());
        Situation.tell("section", citizen.getTCKKFotografBilgisi().getValue()
            .getHataBilgisi().getValue().getKod().getValue());
        BilesikKutukBilgileri nobody = ask(port, Situation.identityNumber("NOBODY"));
        Situation.tell("nobody", nobody.getHataBilgisi().getValue().getKod().getValue());
        Situation.tell("service", notGranted(token));
        Situation.tell("unknown_action", refusal(() -> dispatch(
            token, ACTION + "Yok", "<Sorgula xmlns='" + COMBINED + "'/>")));
        Situation.tell("tampered", refusal(() -> ask(
            port(new EndorsingHandler(token, true)), Situation.identityNumber("NUMBER"))));
        Situation.tell("refusal", refusal(() -> TokenService.ask("wrong")));
    }

    private static BilesikKutukSorgulaKimlikNoServis port(Handler<?> handler) throws Exception {
        BilesikKutukSorgulaKimlikNoServis port =
            new BilesikKutukSorgulaKimlikNoServis_Service(wsdl())
                .getCustomBindingBilesikKutukSorgulaKimlikNoServis(new AddressingFeature(true, true));
        prepare((BindingProvider) port, handler, null);
        return port;
    }

    /** Ask for something with a message of one's own. */
    private static Document dispatch(IssuedToken token, String action, String payload)
            throws Exception {
        // The RI writes addressing headers only for a port that a WSDL describes.
        BilesikKutukSorgulaKimlikNoServis_Service service =
            new BilesikKutukSorgulaKimlikNoServis_Service(wsdl());
        Dispatch<Source> dispatch = service.createDispatch(
            new QName(COMBINED, "CustomBinding_BilesikKutukSorgulaKimlikNoServis"),
            Source.class, Service.Mode.PAYLOAD, new AddressingFeature(true, true));
        prepare(dispatch, new EndorsingHandler(token, false), action);
        DOMResult result = new DOMResult();
        TransformerFactory.newInstance().newTransformer()
            .transform(dispatch.invoke(new StreamSource(new StringReader(payload))), result);
        return (Document) result.getNode();
    }

    /** Without a policy, as the programs of this stack have it: the RI has no WS-Trust itself. */
    private static URL wsdl() throws Exception {
        return new URL(TokenService.host("ROUTER") + "/Services/WsdlNoPolicy.ashx"
            + "?Service=BilesikKutukSorgulaKimlikNoServis&Version=2023/02/01");
    }

    private static void prepare(BindingProvider provider, Handler<?> handler, String action) {
        List<Handler> chain = provider.getBinding().getHandlerChain();
        chain.add(handler);
        provider.getBinding().setHandlerChain(chain);
        if (action != null) {
            provider.getRequestContext().put(BindingProvider.SOAPACTION_USE_PROPERTY, true);
            provider.getRequestContext().put(BindingProvider.SOAPACTION_URI_PROPERTY, action);
        }
    }

    private static BilesikKutukBilgileri ask(BilesikKutukSorgulaKimlikNoServis port, long number) {
        BilesikKutukSorgulaKimlikNoSorguKriteri criterion =
            MAKE.createBilesikKutukSorgulaKimlikNoSorguKriteri();
        criterion.setDogumAy(MAKE.createBilesikKutukSorgulaKimlikNoSorguKriteriDogumAy(
            Situation.number("MONTH")));
        criterion.setDogumGun(MAKE.createBilesikKutukSorgulaKimlikNoSorguKriteriDogumGun(
            Situation.number("DAY")));
        criterion.setDogumYil(MAKE.createBilesikKutukSorgulaKimlikNoSorguKriteriDogumYil(
            Situation.number("YEAR")));
        criterion.setKimlikNo(MAKE.createBilesikKutukSorgulaKimlikNoSorguKriteriKimlikNo(number));
        ArrayOfBilesikKutukSorgulaKimlikNoSorguKriteri criteria =
            MAKE.createArrayOfBilesikKutukSorgulaKimlikNoSorguKriteri();
        criteria.getBilesikKutukSorgulaKimlikNoSorguKriteri().add(criterion);
        return port.sorgula(criteria).getSorguSonucu().getValue().getBilesikKutukBilgileri().get(0);
    }

    private static String notGranted(IssuedToken token) throws Exception {
        String first = KPS + "/2011/01/01";
        Document answer = dispatch(token, first + "/KisiListeleServis/Sayfala",
            "<Sayfala xmlns='" + first + "'><kriter><Ilce>1</Ilce></kriter></Sayfala>");
        return answer.getElementsByTagNameNS(first, "Kod").item(0).getTextContent();
    }

    private static String refusal(Callable<?> call) throws Exception {
        try {
            call.call();
        } catch (SOAPFaultException fault) {
            QName code = (QName) fault.getFault().getFaultSubcodes().next();
            return code.getLocalPart();
        }
        return "none";
    }
}
